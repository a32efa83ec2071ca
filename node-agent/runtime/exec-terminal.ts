import { channel, type Channel } from '../../shared/kit/channel.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { childrenOf, processLook } from '../host/proc.ts'
import { launchOnTerminal, type Terminal } from '../host/pty.ts'
import { sendSignal } from '../host/signals.ts'
import { setTerminalSize, type TerminalSize } from '../host/terminal-size.ts'
import type { ExecDoor, StartedExec } from './exec-process.ts'

async function* nothing(): AsyncIterable<Uint8Array> {}

/** Chunks that may wait for a slow reader before the program is held. */
const HOLD_AT = 64

/**
 * crun 1.8 leaves as soon as the command and all its other children have ended, though the last output may be in its hands still. So it gets
 * one child more, which we end when the output has come through.
 */
const HOLDING = 'sleep infinity </dev/null >/dev/null 2>&1 & exec "$@"'

/** Runs a command inside a container on a terminal of its own. */
export async function execOnTerminal({ runtime, clock }: ExecDoor, args: readonly string[]): Promise<StartedExec> {
  const terminal = await launchOnTerminal('/bin/sh', ['-c', HOLDING, 'exec', runtime, ...args], { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm' })
  const output = channel<Uint8Array>()
  const hold = new Hold(terminal, { clock, output })
  terminal.onOutput((bytes) => {
    hold.lastOutputMs = clock.monotonicMs()
    output.push(bytes)
    if (output.size >= HOLD_AT) terminal.pause()
  })
  async function* stdout(): AsyncIterable<Uint8Array> {
    for await (const bytes of output) {
      yield bytes
      if (output.size < HOLD_AT) terminal.resume()
    }
  }
  const size = commandSize(terminal.pid, clock)
  void terminal.exited.then(() => {
    size.stop()
    hold.end()
    output.close()
  })
  void hold.watch()
  return {
    pid: terminal.pid,
    exited: terminal.exited,
    holder: () => hold.pid,
    streams: {
      stdout: stdout(),
      stderr: nothing(),
      writeStdin: (bytes) => Promise.resolve(terminal.write(bytes)),
      // A terminal has no end of input but the character for it.
      closeStdin: () => terminal.write(Uint8Array.of(4)),
      resize: (width, height) => {
        terminal.resize(width, height)
        size.set({ width, height })
      },
    },
  }
}

const SIGKILL = 9
/** How often it is looked whether the command has ended: at first, and later on. */
const LOOK_MS = 5
const LATER_LOOK_MS = 50
const AT_FIRST_MS = 1000
/** All output has come through when none came for so long, and the runtime waited at so many looks. */
const QUIET_MS = 20
const IDLE_LOOKS = 4
/** The same where no command was seen: it may have ended between two looks. On a busy host it may not have begun yet, but looks are rarer there too, and the runtime does not wait. */
const UNSEEN_LOOKS = 120
/** Alone for so long, whatever else was seen. */
const ALONE_MS = 15_000

const BEFORE_THE_RUNTIME: ReadonlySet<string> = new Set(['sh', 'dash', 'bash', 'busybox', 'unshare', ''])

/** Keeps the runtime from leaving before the command's last output is read. */
class Hold {
  /** Of the child that holds, once it is known. */
  pid: number | undefined
  lastOutputMs = 0
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #output: Channel<Uint8Array>
  #hasEnded = false

  constructor(terminal: Terminal, { clock, output }: { readonly clock: Clock; readonly output: Channel<Uint8Array> }) {
    this.#terminal = terminal
    this.#clock = clock
    this.#output = output
  }

  /** The runtime has left by itself. */
  end(): void {
    this.#hasEnded = true
  }

  async watch(): Promise<void> {
    const startedMs = this.#clock.monotonicMs()
    let aloneSinceMs: number | undefined
    let hasCommand = false
    let idleLooks = 0
    while (!this.#hasEnded) {
      const nowMs = this.#clock.monotonicMs()
      // Children stand in the order in which they were made.
      const [[holder, ...commands], look] = await Promise.all([childrenOf(this.#terminal.pid), processLook(this.#terminal.pid)])
      this.pid ??= holder
      if (commands.length > 0) hasCommand ||= look !== undefined && !BEFORE_THE_RUNTIME.has(look.name)
      aloneSinceMs = commands.length > 0 || holder === undefined ? undefined : (aloneSinceMs ?? nowMs)
      idleLooks = aloneSinceMs !== undefined && look?.isWaiting === true && this.#isQuiet(nowMs) ? idleLooks + 1 : 0
      const aloneMs = aloneSinceMs === undefined ? 0 : nowMs - aloneSinceMs
      if (idleLooks >= (hasCommand ? IDLE_LOOKS : UNSEEN_LOOKS) || aloneMs > ALONE_MS) return this.#release()
      await sleep(this.#clock, nowMs - startedMs < AT_FIRST_MS || aloneSinceMs !== undefined ? LOOK_MS : LATER_LOOK_MS)
    }
  }

  #isQuiet(nowMs: number): boolean {
    return nowMs - this.lastOutputMs > QUIET_MS && this.#output.size < HOLD_AT
  }

  #release(): void {
    if (this.pid !== undefined && !this.#hasEnded) sendSignal(this.pid, SIGKILL)
  }
}

/** After a change of size, and after the command is first seen: it may be starting still. */
const SIZE_AFTER_MS = [0, 20, 60, 150, 400, 1000]
/** How often a command is looked for that a busy host has not begun by then. */
const NOT_BEGUN_MS = 500

/** crun looks at the size once, when it starts: later ones are set on the command's own terminal, again until it surely has it. */
function commandSize(pid: number, clock: Clock): { set(size: TerminalSize): void; stop(): void } {
  let cancels: readonly (() => void)[] = []
  let hasBegun = false
  let hasEnded = false
  const cancel = (): void => {
    for (const one of cancels) one()
  }
  const applyOften = (size: TerminalSize): void => {
    cancels = [...SIZE_AFTER_MS.map((ms) => clock.after(ms, () => void apply(size))), ...(hasBegun ? [] : [clock.after(NOT_BEGUN_MS, () => void lookFor(size))])]
  }
  const apply = async (size: TerminalSize): Promise<void> => {
    for (const command of await childrenOf(pid)) await setTerminalSize(command, size)
  }
  const lookFor = async (size: TerminalSize): Promise<void> => {
    const [, ...commands] = await childrenOf(pid)
    if (hasEnded) return
    hasBegun = commands.length > 0
    cancel()
    applyOften(size)
  }
  return {
    set(size) {
      cancel()
      if (size.width > 0 && size.height > 0) applyOften(size)
    },
    stop() {
      hasEnded = true
      cancel()
    },
  }
}
