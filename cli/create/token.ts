import type { ApiObject } from '../cluster/cluster.ts'
import type { Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { list, text } from '../program/flags.ts'
import { nameGiven } from './generators.ts'

export const tokenCommand: Command = {
  name: 'token',
  summary: 'Ask for a token of a service account',
  usage: 'SERVICE_ACCOUNT_NAME',
  flags: [list('audience', 'Whom the token is for'), text('duration', 'How long it is good', { default: '0s' }), text('output', 'json or yaml', { short: 'o' })],
  async run(call) {
    const cluster = await call.cluster()
    const audiences = call.flags.list('audience')
    const seconds = Math.floor(parseDurationMs(call.flags.text('duration') ?? '0') / 1000)
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { ...(audiences.length > 0 ? { audiences } : {}), ...(seconds > 0 ? { expirationSeconds: seconds } : {}) } }
    const made = await cluster.json<{ readonly status: { readonly token: string } }>({ method: 'POST', path: `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/serviceaccounts/${encodeURIComponent(nameGiven(call))}/token`, body })
    const output = call.flags.text('output') ?? ''
    const { printerFor } = await import('../print/objects.ts')
    const print = await printerFor(output)
    call.terminal.out(print ? await print(made as unknown as ApiObject) : `${made.status.token}\n`)
  },
}
