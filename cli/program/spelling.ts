/** Brings pflag's spellings into those that commander reads: `-o=yaml`, `--watch=false`, `--dry-run` without a value. */
import type { Flag } from './flags.ts'

export interface Spelled {
  readonly words: readonly string[]
  readonly afterDash: readonly string[] | undefined
  /** Switches that were given as `--name=false`. */
  readonly off: ReadonlySet<string>
}

const FALSE = new Set(['false', 'f', 'F', 'FALSE', 'False', '0'])

/** Whether the word is a flag that takes the next word as its value. */
export function takesNext(word: string, flags: readonly Flag[]): boolean {
  if (word.includes('=')) return false
  if (word.startsWith('--')) return valued(flags.find(({ name }) => name === word.slice(2)))
  if (!/^-./.test(word)) return false
  const cluster = word.slice(1).split('')
  const at = cluster.findIndex((letter) => valued(flags.find(({ short }) => short === letter)))
  return at === cluster.length - 1
}

const valued = (flag: Flag | undefined): boolean => flag?.kind === 'text' || flag?.kind === 'list'

export function spell(given: readonly string[], flags: readonly Flag[]): Spelled {
  const words: string[] = []
  const off = new Set<string>()
  for (let at = 0; at < given.length; at++) {
    const word = given[at] ?? ''
    if (word === '--') return { words, afterDash: given.slice(at + 1), off }
    const spelled = spellWord(word, flags)
    if (spelled.off !== undefined) off.add(spelled.off)
    words.push(...spelled.words)
    // A value is taken as it is, whatever it looks like.
    const next = given[at + 1]
    if (takesNext(word, flags) && next !== undefined) {
      words.push(next)
      at++
    }
  }
  return { words, afterDash: undefined, off }
}

interface SpelledWord {
  readonly words: readonly string[]
  readonly off?: string | undefined
}

function spellWord(word: string, flags: readonly Flag[]): SpelledWord {
  const [, long, , longValue] = /^--([^=]+)(=(.*))?$/s.exec(word) ?? []
  if (long !== undefined) {
    const flag = flags.find(({ name }) => name === long)
    return flag ? spellFlag(flag, { word, value: longValue }) : { words: [word] }
  }
  const [, letter, value] = /^-([^-=])=(.*)$/s.exec(word) ?? []
  const flag = flags.find(({ short }) => short === (letter ?? word.slice(1)) && short !== undefined)
  return flag ? spellFlag(flag, { word, value }) : { words: [word] }
}

function spellFlag(flag: Flag, { word, value }: { readonly word: string; readonly value: string | undefined }): SpelledWord {
  const long = `--${flag.name}`
  switch (flag.kind) {
    case 'switch':
      if (value === undefined) return { words: [word] }
      return FALSE.has(value) ? { words: [], off: flag.name } : { words: [long] }
    case 'optional':
      return { words: [`${long}=${value ?? flag.bare ?? 'true'}`] }
    case 'text':
    case 'list':
      return { words: [value === undefined ? word : `${long}=${value}`] }
  }
}
