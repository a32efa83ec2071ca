import { columnsOf } from '../print/columns.ts'
import type { Command } from '../program/command.ts'
import { nameFlag } from './names.ts'

export const status: Command = {
  name: 'status',
  summary: 'Show the members of a lab and how they are',
  flags: [nameFlag],
  async run({ flags, terminal }) {
    const lab = await import('../../deploy/lab/lab.ts')
    const { spec, server, members, cuts } = await lab.status(flags.text('name') ?? '')
    terminal.out(`lab ${spec.name} at ${server}\n\n`)
    terminal.out(columnsOf(['NAME', 'KIND', 'STATE', 'ADDRESS', 'PID'], members.map(({ name, kind, state, address, pid, leads }) => [name, leads ? `${kind} (leader)` : kind, state, address, pid === undefined ? '-' : String(pid)])))
    if (cuts.length > 0) terminal.out(`\n${cuts.map(({ from, to }) => `${from} is not heard by ${to}`).join('\n')}\n`)
    return members.every(({ state }) => state === 'running') ? 0 : 3
  },
}

export const list: Command = {
  name: 'list',
  aliases: ['ls'],
  summary: 'List the labs of this host',
  async run({ terminal }) {
    const lab = await import('../../deploy/lab/lab.ts')
    const rows: string[][] = []
    for (const { name, nodes } of await lab.list()) {
      const { server, members } = await lab.status(name)
      rows.push([name, String(nodes), `${members.filter(({ state }) => state === 'running').length}/${members.length}`, server])
    }
    if (rows.length === 0) terminal.err('there is no lab: make one with "gantry lab up"\n')
    else terminal.out(columnsOf(['NAME', 'NODES', 'RUNNING', 'SERVER'], rows))
  },
}
