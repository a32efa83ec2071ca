import type { Command } from '../program/command.ts'
import { nameFlag } from './names.ts'

export const token: Command = {
  name: 'token',
  summary: 'Tokens with which hosts join',
  subcommands: [
    {
      name: 'create',
      summary: 'Print the token with which a host joins a lab',
      examples: '# On the other host\ngantry agent --server https://10.89.0.2:6443 --token "$(gantry token create)"',
      flags: [nameFlag],
      async run({ flags, terminal }) {
        const lab = await import('../../deploy/lab/lab.ts')
        const { server, token: joinToken } = await lab.joinToken(flags.text('name') ?? '')
        terminal.out(`${joinToken}\n`)
        if (terminal.columns !== undefined) terminal.err(`# on the other host: gantry agent --server ${server} --token ${joinToken}\n`)
      },
    },
  ],
}
