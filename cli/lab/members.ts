/** The verbs that happen to one member of a lab, or to several. */
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { listed, nameFlag } from './names.ts'

const MEMBER = '(NODE|control-plane|etcd)...'

type Verb = (lab: string, member: string) => Promise<void>
type Door = typeof import('../../deploy/lab/lab.ts')

interface Described {
  readonly name: string
  readonly summary: string
  readonly usage?: string
  /** What is said when it is done. */
  readonly done: string
  readonly verb: (door: Door) => Verb
}

function membersGiven({ args, command }: Call): readonly string[] {
  if (args.length === 0) throw new Problem(`which member? "gantry lab status" lists them, for example: gantry ${command} n1`)
  return args
}

const ofMembers = ({ name, summary, usage = MEMBER, done, verb }: Described): Command => ({
  name,
  summary,
  usage,
  flags: [nameFlag],
  async run(call) {
    const door = await import('../../deploy/lab/lab.ts')
    for (const member of membersGiven(call)) {
      await verb(door)(call.flags.text('name') ?? '', member)
      call.terminal.out(`${member} ${done}\n`)
    }
  },
})

export const kill = ofMembers({ name: 'kill', summary: 'Take the power from members: they die at once and stay dead', done: 'is dead; bring it back with "gantry lab start"', verb: (door) => door.kill })
export const start = ofMembers({ name: 'start', summary: 'Give members their power back', done: 'started', verb: (door) => door.start })
export const pause = ofMembers({ name: 'pause', summary: 'Freeze every process of nodes, as a paused virtual machine', usage: 'NODE...', done: 'is paused', verb: (door) => door.pause })
export const resume = ofMembers({ name: 'resume', summary: 'Let paused nodes run on', usage: 'NODE...', done: 'runs on', verb: (door) => door.resume })

export const partition: Command = {
  name: 'partition',
  summary: 'Cut nodes off from all others; among each other they stay connected',
  usage: '(NODE|control-plane)...',
  flags: [nameFlag],
  async run(call) {
    const { partition: cut } = await import('../../deploy/lab/lab.ts')
    const members = membersGiven(call)
    await cut(call.flags.text('name') ?? '', members)
    call.terminal.out(`${listed(members)} ${members.length === 1 ? 'is' : 'are'} cut off; mend it with "gantry lab heal"\n`)
  },
}

export const heal: Command = {
  name: 'heal',
  summary: 'Connect everything again',
  flags: [nameFlag],
  async run({ flags, terminal }) {
    const { heal: mend } = await import('../../deploy/lab/lab.ts')
    await mend(flags.text('name') ?? '')
    terminal.out('all members are connected\n')
  },
}

export const logs: Command = {
  name: 'logs',
  summary: 'Print what a member said',
  usage: '(NODE|control-plane|etcd)',
  flags: [nameFlag, text('tail', 'How many of the last lines', { default: '-1' }), toggle('follow', 'Go on as it says more', { short: 'f' })],
  async run(call) {
    const door = await import('../../deploy/lab/lab.ts')
    const [member = ''] = membersGiven(call)
    const { file, text: said } = await door.logs(call.flags.text('name') ?? '', member)
    const tail = Number(call.flags.text('tail'))
    const lines = said.split(/(?<=\n)/)
    call.terminal.out((tail >= 0 ? (tail === 0 ? [] : lines.slice(-tail)) : lines).join(''))
    if (call.flags.is('follow')) await follow(call, file, Buffer.byteLength(said))
  },
}

const LOOK_EVERY_MS = 200

/** Prints what is appended, also after the file was rotated, until interrupted. */
async function follow({ terminal, signal }: Call, file: string, from: number): Promise<void> {
  const { open, stat } = await import('node:fs/promises')
  let at = from
  while (!signal.aborted) {
    const { size } = await stat(file)
    if (size < at) at = 0
    if (size > at) {
      await using handle = await open(file)
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - at), position: at })
      terminal.out(buffer.subarray(0, bytesRead).toString())
      at += bytesRead
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
