/** The verbs that happen to machines of a lab, and to single programs on them. */
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { list, text, toggle, type Flag } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { DEFAULT_LAB, listed, nameFlag } from './names.ts'

const MEMBER = '(MACHINE | MACHINE/PROGRAM)...'

type Verb = (lab: string, member: string) => Promise<void>
type Door = typeof import('../../deploy/lab/lab.ts')

interface Described {
  readonly name: string
  readonly summary: string
  readonly examples: string
  /** What is said when it is done. */
  readonly done: string
  /** The command that makes it good again, where that is to be said. */
  readonly back?: string
  readonly verb: (door: Door) => Verb
  /** What ends it, where it may be done for a while only. */
  readonly undo?: { readonly done: string; readonly verb: (door: Door) => Verb }
}

function membersGiven(call: Call): readonly string[] {
  if (call.args.length === 0) throw new Problem(`which member? ${toType(call, 'status')} lists them, for example: gantry ${call.command} n1`)
  return call.args
}

/** A command about the same lab, to be typed as it stands. */
function toType({ flags }: Call, words: string): string {
  const lab = flags.text('name') ?? DEFAULT_LAB
  return `"gantry lab ${words}${lab === DEFAULT_LAB ? '' : ` --name ${lab}`}"`
}

const forFlag: Flag = text('for', 'Only for so long (30s, 2m), then undo it; an interrupt undoes it at once')

/** Waits as long as `--for` says, or until somebody interrupts. Answers whether it was given. */
async function waited({ flags, signal }: Call): Promise<boolean> {
  const given = flags.text('for')
  if (given === undefined) return false
  const delayMs = parseDurationMs(given)
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, delayMs)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
  return true
}

const ofMembers = ({ name, summary, examples, done, back, verb, undo }: Described): Command => ({
  name,
  summary,
  usage: MEMBER,
  examples,
  flags: [nameFlag, ...(undo === undefined ? [] : [forFlag])],
  async run(call) {
    const door = await import('../../deploy/lab/lab.ts')
    const lab = call.flags.text('name') ?? ''
    const each = async (what: { readonly done: string; readonly back?: string | undefined; readonly verb: (door: Door) => Verb }): Promise<void> => {
      for (const member of membersGiven(call)) {
        await what.verb(door)(lab, member)
        call.terminal.out(`${member} ${what.done}${what.back === undefined ? '' : `; bring it back with ${toType(call, `${what.back} ${member}`)}`}\n`)
      }
    }
    await each({ done, back, verb })
    if (undo !== undefined && (await waited(call))) await each(undo)
  },
})

const started = { done: 'started', verb: (door: Door) => door.start }
const resumed = { done: 'runs on', verb: (door: Door) => door.resume }

export const kill = ofMembers({
  name: 'kill',
  summary: 'Take the power from machines, or kill single programs: they die at once and stay dead',
  examples: "# A machine with all that is on it\ngantry lab kill n1\n\n# Of a lab with several control planes one machine's etcd, for half a minute\ngantry lab kill cp1/etcd --for 30s\n\n# The agent alone: containers run on\ngantry lab kill n1/agent",
  done: 'is dead',
  back: 'start',
  verb: (door) => door.kill,
  undo: started,
})
export const start = ofMembers({ name: 'start', summary: 'Give machines their power back, or start single programs', examples: 'gantry lab start n1', ...started })
export const pause = ofMembers({
  name: 'pause',
  summary: 'Let every process of machines stand still, as in a paused virtual machine; or single programs, by SIGSTOP',
  examples: '# A machine\ngantry lab pause n1\n\n# The agent alone hangs\ngantry lab pause n1/agent --for 10s',
  done: 'is paused',
  verb: (door) => door.pause,
  undo: resumed,
})
export const resume = ofMembers({ name: 'resume', summary: 'Let what was paused run on', examples: 'gantry lab resume n1', ...resumed })

const mended = async (call: Call, door: Door): Promise<void> => {
  await door.heal(call.flags.text('name') ?? '')
  call.terminal.out('all machines are connected\n')
}

export const partition: Command = {
  name: 'partition',
  summary: 'Cut machines off from all others (among each other they stay connected), or from some',
  usage: 'MACHINE...',
  examples: '# From everybody\ngantry lab partition n1\n\n# Only from each other\ngantry lab partition cp1 --from cp2\n\n# n1 is not heard by the control plane, but hears it\ngantry lab partition n1 --from control-plane --one-way',
  flags: [nameFlag, list('from', 'Cut the way to this machine only; may be repeated'), toggle('one-way', 'They are not heard any more, but hear the others'), forFlag],
  async run(call) {
    const door = await import('../../deploy/lab/lab.ts')
    const members = membersGiven(call)
    const from = call.flags.list('from').flatMap((words) => words.split(','))
    const oneWay = call.flags.is('one-way')
    await door.partition(call.flags.text('name') ?? '', members, { from: from.length === 0 ? undefined : from, oneWay })
    const others = from.length === 0 ? '' : ` from ${listed(from)}`
    const are = members.length === 1 ? 'is' : 'are'
    call.terminal.out(oneWay ? `${listed(members)} ${are} not heard any more${from.length === 0 ? '' : ` by ${listed(from)}`}; mend it with ${toType(call, 'heal')}\n` : `${listed(members)} ${are} cut off${others}; mend it with ${toType(call, 'heal')}\n`)
    if (await waited(call)) await mended(call, door)
  },
}

const numberOf = (flag: string, given: string | undefined): number | undefined => {
  if (given === undefined) return undefined
  if (!/^\d+(\.\d+)?%?$/.test(given)) throw new Problem(`invalid argument "${given}" for "--${flag}" flag: give a number`)
  return Number(given.replace('%', ''))
}

export const slow: Command = {
  name: 'slow',
  summary: "Make machines' cables slow or lossy",
  usage: 'MACHINE...',
  examples: '# Twenty kilobytes a second, and every tenth frame is lost\ngantry lab slow n1 --rate 20000 --loss 10',
  flags: [nameFlag, text('rate', 'Bytes a second, each way'), text('delay', 'Added to each way (needs a kernel with netem)'), text('loss', 'How many of a hundred frames are lost'), forFlag],
  async run(call) {
    const door = await import('../../deploy/lab/lab.ts')
    const { flags, terminal } = call
    const members = membersGiven(call)
    const delay = flags.text('delay')
    const wanted = { bytesPerSecond: numberOf('rate', flags.text('rate')), delayMs: delay === undefined ? undefined : parseDurationMs(delay), lossPercent: numberOf('loss', flags.text('loss')) }
    if (Object.values(wanted).every((one) => one === undefined)) throw new Problem('how slow? Give --rate, --delay or --loss')
    await door.slow(flags.text('name') ?? '', members, wanted)
    terminal.out(`${listed(members)} ${members.length === 1 ? 'has a slow cable' : 'have slow cables'}; mend it with ${toType(call, 'heal')}\n`)
    if (await waited(call)) await mended(call, door)
  },
}

export const clock: Command = {
  name: 'clock',
  summary: "Make machines' wall clocks wrong; their programs are started anew",
  usage: MEMBER,
  examples: '# Three hours behind, and right again\ngantry lab clock n1 --offset=-3h\ngantry lab clock n1 --offset 0',
  flags: [nameFlag, text('offset', 'How wrong: 3h, -10m; 0 for the right time')],
  async run(call) {
    const given = call.flags.text('offset')
    if (given === undefined) throw new Problem('how wrong? Give --offset, for example --offset=-3h')
    const offsetMs = parseDurationMs(given)
    const door = await import('../../deploy/lab/lab.ts')
    for (const member of membersGiven(call)) {
      await door.setClock(call.flags.text('name') ?? '', member, offsetMs)
      call.terminal.out(offsetMs === 0 ? `the clock of ${member} is right\n` : `the clock of ${member} is wrong by ${given}\n`)
    }
  },
}

export const heal: Command = {
  name: 'heal',
  summary: 'Connect everything again, at full speed',
  flags: [nameFlag],
  run: async (call) => mended(call, await import('../../deploy/lab/lab.ts')),
}

export const logs: Command = {
  name: 'logs',
  summary: 'Print what a member said',
  usage: '(MACHINE | MACHINE/PROGRAM)',
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
