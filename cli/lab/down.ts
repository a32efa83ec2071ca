import type { Command } from '../program/command.ts'
import { toggle } from '../program/flags.ts'
import { listed, nameFlag, seconds } from './names.ts'

export const down: Command = {
  name: 'down',
  summary: 'Remove everything that a lab made',
  examples: '# The lab "lab" and all its data\ngantry lab down\n\n# Keep the data: "lab up" finds it again\ngantry lab down --keep',
  flags: [nameFlag, toggle('keep', "Leave the lab's data"), toggle('all', 'Every lab of this host')],
  async run({ flags, terminal }) {
    const lab = await import('../../deploy/lab/lab.ts')
    const startMs = performance.now()
    const names = flags.is('all') ? await lab.names() : [flags.text('name') ?? '']
    const keep = flags.is('keep')
    const gone: string[] = []
    for (const name of names) if (await lab.down(name, { keep })) gone.push(name)
    if (gone.length === 0) terminal.out(flags.is('all') ? 'there is no lab\n' : `there is no lab ${names.join('')}\n`)
    else terminal.out(`${gone.length === 1 ? 'lab' : 'labs'} ${listed(gone)} ${gone.length === 1 ? 'is' : 'are'} down${keep ? ', the data kept' : ''} (${seconds(performance.now() - startMs)})\n`)
  },
}
