/** `dashboard`: the cluster in a browser, read-only, on this host alone. */
import { findTarget } from '../config/target.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { createWireClient } from '../wire/client.ts'
import { serveConsole } from './serve.ts'

export const dashboard: Command = {
  name: 'dashboard',
  summary: 'Show the cluster in a browser: nodes, pods, and why they are where they are',
  examples: '# At http://127.0.0.1:8001/, until interrupted\ngantry dashboard\n\n# At any port that is free, for a browser opened by hand\ngantry dashboard --port 0 --no-open',
  flags: [text('port', 'Port to listen on, at 127.0.0.1; 0 for any that is free', { default: '8001' }), toggle('no-open', 'Print the address and open no browser')],
  async run(call) {
    const port = portOf(call.flags.text('port') ?? '')
    const target = await findTarget(call.flags, call.env)
    using rest = createWireClient(target.rest)
    using served = await serveConsole({ rest, headers: target.headers, port })
    call.terminal.out(`${served.url} shows ${target.rest.server}, read-only, until interrupted\n`)
    if (!call.flags.is('no-open')) await openBrowser(call, served.url)
    await new Promise<void>((resolve) => (call.signal.aborted ? resolve() : call.signal.addEventListener('abort', () => resolve(), { once: true })))
  },
}

function portOf(given: string): number {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN
  if (!(port <= 65_535)) throw new Problem(`invalid argument "${given}" for "--port" flag: give a number up to 65535`)
  return port
}

/** Only where somebody sits before a screen; the address is printed in any case. */
async function openBrowser({ env, terminal }: Call, url: string): Promise<void> {
  const hasScreen = process.platform === 'darwin' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'])
  if (terminal.columns === undefined || !hasScreen) return
  const { runOnTerminal } = await import('../../deploy/lab/lab.ts')
  // Not waited for: some openers stay as long as their browser.
  void runOnTerminal(process.platform === 'darwin' ? 'open' : 'xdg-open', [url]).then((code) => (code === 0 ? undefined : terminal.err('no browser could be opened\n')))
}
