import type { Command } from '../program/command.ts'
import { demo } from './demo.ts'
import { down } from './down.ts'
import { clock, heal, kill, logs, partition, pause, resume, slow, start } from './members.ts'
import { list, status } from './status.ts'
import { up } from './up.ts'

export const lab: Command = {
  name: 'lab',
  summary: 'Run a cluster of several machines on this host: each a network and mount namespace with an agent of its own',
  subcommands: [up, down, status, list, kill, start, pause, resume, partition, slow, heal, clock, logs, demo],
}
