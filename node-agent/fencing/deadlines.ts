import { closeSync, constants, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { DeadlineStore, KeeperState } from './port.ts'

/** What stays the same between acks. */
type Standing = Pick<KeeperState, 'nodeName' | 'bootId' | 'membership' | 'peerAddresses'>

interface Line {
  readonly killAtMs: number
  readonly heartbeatSentMs: number
  readonly ackReceivedMs: number
  /** 0: nothing was proven. */
  readonly provenMs: number
  readonly hasEnded: boolean
}

/** So long is the line whatever it says: it is written over itself, and nothing of an older one is left behind it. */
const LINE_BYTES = 128

/**
 * In a folder below /run, as `fencer-script.ts` reads it. Every call is synchronous and short. The line that changes with each ack is written in place, which
 * waits for no disk even where the folder is on one; its first number stands there twice, so that half a line is known for what it is.
 */
export class DeadlineFiles implements DeadlineStore {
  readonly #folder: string
  readonly #file: number
  #line: Line = { killAtMs: 0, heartbeatSentMs: 0, ackReceivedMs: 0, provenMs: 0, hasEnded: true }
  #standing: Standing | undefined
  #exempt: string | undefined

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(join(folder, 'kills'), { recursive: true, mode: 0o700 })
    this.#file = openSync(join(folder, 'deadline'), constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  setDeadline(killAtMs: number): void {
    const isEarlier = killAtMs < this.#line.killAtMs
    this.#line = { ...this.#line, killAtMs: Math.floor(killAtMs) }
    this.#write()
    if (isEarlier) this.#wake()
  }

  setState(state: KeeperState): void {
    const { nodeName, bootId, membership, peerAddresses } = state
    if (this.#standing?.membership !== membership || this.#standing.peerAddresses !== peerAddresses) {
      this.#standing = { nodeName, bootId, membership, peerAddresses }
      replace(join(this.#folder, 'state.json'), JSON.stringify(this.#standing))
    }
    // Rounded to the side on which leases and proofs are older and the control plane was heard later.
    this.#line = { ...this.#line, heartbeatSentMs: Math.floor(state.heartbeatSentMs), ackReceivedMs: Math.ceil(state.ackReceivedMs), provenMs: Math.floor(state.provenMs ?? 0), hasEnded: state.hasEnded }
    this.#write()
  }

  setExempt(podUids: readonly string[]): void {
    const text = podUids.map((uid) => `${uid}\n`).join('')
    if (text === this.#exempt) return
    replace(join(this.#folder, 'exempt'), text)
    this.#exempt = text
  }

  read(): { readonly killAtMs: number | undefined; readonly state: KeeperState | undefined } {
    const line = parseLine(textOf(join(this.#folder, 'deadline')))
    const standing = readStanding(this.#folder)
    if (line) this.#line = line
    return { killAtMs: line?.killAtMs, state: line && standing ? { ...standing, heartbeatSentMs: line.heartbeatSentMs, ackReceivedMs: line.ackReceivedMs, ...(line.provenMs > 0 ? { provenMs: line.provenMs } : {}), hasEnded: line.hasEnded } : undefined }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #write(): void {
    const { killAtMs, heartbeatSentMs, ackReceivedMs, provenMs, hasEnded } = this.#line
    writeSync(this.#file, `${`${killAtMs} ${killAtMs} ${heartbeatSentMs} ${ackReceivedMs} ${provenMs} ${hasEnded ? 1 : 0}`.padEnd(LINE_BYTES - 1)}\n`, 0)
  }

  /** Whoever sleeps until the old deadline looks at the new one. */
  #wake(): void {
    try {
      const pipe = openSync(join(this.#folder, 'wake'), constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        writeSync(pipe, '\n')
      } finally {
        closeSync(pipe)
      }
    } catch {
      // Nobody listens, or there is much to read already: it looks by itself in half a second.
    }
  }
}

/** Who this folder's pods belong to: the node they were granted to; undefined if none ever was. */
export const ownerOf = (folder: string): string | undefined => readStanding(folder)?.nodeName

/** Nothing of before counts any more. */
export function forgetState(folder: string): void {
  rmSync(join(folder, 'state.json'), { force: true })
  if (existsSync(join(folder, 'deadline'))) {
    const file = openSync(join(folder, 'deadline'), 'r+')
    ftruncateSync(file, 0)
    writeSync(file, `${'0 0 0 0 0 1'.padEnd(LINE_BYTES - 1)}\n`, 0)
    closeSync(file)
  }
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function parseLine(text: string): Line | undefined {
  const [first, second, sent, received, proven, ended] = text.trim().split(' ')
  const numbers = [first, sent, received, proven].map(Number)
  if (first === undefined || first !== second || ended === undefined || numbers.some((one) => !Number.isFinite(one))) return undefined
  const [killAtMs = 0, heartbeatSentMs = 0, ackReceivedMs = 0, provenMs = 0] = numbers
  return { killAtMs, heartbeatSentMs, ackReceivedMs, provenMs, hasEnded: ended !== '0' }
}

function readStanding(folder: string): Standing | undefined {
  try {
    return JSON.parse(textOf(join(folder, 'state.json'))) as Standing
  } catch {
    return undefined
  }
}
