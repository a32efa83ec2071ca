import { VERSION } from '../../shared/model/version.ts'
import { isFault } from '../../shared/kit/faults.ts'
import { explain } from '../program/explain.ts'
import type { Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

export const version: Command = {
  name: 'version',
  summary: 'Print the versions of this command and of the server',
  flags: [text('output', 'json or yaml', { short: 'o' }), toggle('client', 'Only of this command')],
  async run(call) {
    const { flags, terminal } = call
    const output = flags.text('output') ?? ''
    if (output !== '' && output !== 'json' && output !== 'yaml') throw new Problem(`--output must be 'yaml' or 'json'`)
    const clientVersion = { gitVersion: `v${VERSION}`, platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`, nodeVersion: process.version }
    let serverVersion: Readonly<Record<string, string>> | undefined
    let failure: unknown
    try {
      serverVersion = flags.is('client') ? undefined : await (await call.cluster()).json<Readonly<Record<string, string>>>({ path: '/version' })
    } catch (error) {
      if (!isFault(error)) throw error
      failure = error
    }
    const all = { clientVersion, ...(serverVersion ? { serverVersion } : {}) }
    if (output === 'json') terminal.out((await import('../print/json.ts')).jsonText(all))
    else if (output === 'yaml') terminal.out((await import('../../shared/model/yaml-text.ts')).yamlText(all))
    else terminal.out(`Client Version: ${clientVersion.gitVersion}\n${serverVersion ? `Server Version: ${serverVersion['gitVersion'] ?? ''}\n` : ''}`)
    if (failure === undefined) return 0
    terminal.err(`${explain(failure).message}\n`)
    return 1
  },
}
