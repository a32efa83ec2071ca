import type { ApiObject } from '../cluster/cluster.ts'
import { columnsOf } from '../print/columns.ts'
import { printerFor } from '../print/objects.ts'
import type { Command } from '../program/command.ts'
import { text } from '../program/flags.ts'

interface Review extends ApiObject {
  readonly status?: { readonly userInfo?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> } }
}

export const whoami: Command = {
  name: 'whoami',
  summary: 'Print who you are to the server',
  flags: [text('output', 'json or yaml', { short: 'o' })],
  async run(call) {
    const cluster = await call.cluster()
    const review = await cluster.json<Review>({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, repeatable: true })
    const print = await printerFor(call.flags.text('output') ?? '')
    if (print) return call.terminal.out(await print(review))
    const { username = '', uid = '', groups = [], extra = {} } = review.status?.userInfo ?? {}
    const rows = [['Username', username], ...(uid === '' ? [] : [['UID', uid]]), ...(groups.length === 0 ? [] : [['Groups', `[${groups.join(' ')}]`]]), ...Object.entries(extra).map(([key, values]) => [`Extra: ${key}`, `[${values.join(' ')}]`])]
    call.terminal.out(columnsOf(['ATTRIBUTE', 'VALUE'], rows))
  },
}
