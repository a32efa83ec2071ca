import type { Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { nameFlag } from './names.ts'

export const token: Command = {
  name: 'token',
  summary: 'Tokens with which hosts join',
  subcommands: [
    {
      name: 'create',
      summary: 'Print the token with which a host joins a lab',
      examples: '# On the other host, where "ps" shows it to nobody\ngantry token create | ssh host gantry agent --server https://10.89.0.2:6443 --token-file -',
      flags: [nameFlag, text('ttl', 'How long hosts may join with it', { default: '24h' })],
      async run({ flags, terminal }) {
        const lab = await import('../../deploy/lab/lab.ts')
        const ttlMs = parseDurationMs(flags.text('ttl') ?? '24h')
        if (ttlMs <= 0) throw new Problem('--ttl must be longer than nothing: 24h, 30m')
        const { server, token: joinToken } = await lab.joinToken(flags.text('name') ?? '', ttlMs)
        terminal.out(`${joinToken}\n`)
        if (terminal.columns !== undefined) terminal.err(`# on the other host: gantry agent --server ${server} --token-file FILE, or - for the standard input; it is good for ${flags.text('ttl') ?? ''}\n`)
      },
    },
  ],
}
