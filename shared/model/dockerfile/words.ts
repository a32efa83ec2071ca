/** How the words of an instruction are told apart. Pure. */

export interface GivenFlag {
  readonly name: string
  /** Empty for one that was given bare. */
  readonly value: string
}

/** `--name=value` in front of the rest. */
export function takeFlags(text: string): { readonly flags: readonly GivenFlag[]; readonly rest: string } {
  const flags: GivenFlag[] = []
  let rest = text
  for (;;) {
    const match = /^--([A-Za-z][\w-]*)(?:=("(?:[^"\\]|\\.)*"|'[^']*'|\S*))?(?:\s+|$)/.exec(rest)
    if (match === null) return { flags, rest: rest.replace(/^--\s+/, '') }
    flags.push({ name: match[1] ?? '', value: (match[2] ?? '').replace(/^(["'])(.*)\1$/s, '$2') })
    rest = rest.slice(match[0].length)
  }
}

/** The exec form, `["a", "b"]`: JSON, and nothing but texts in it. */
export function jsonList(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) && parsed.every((one) => typeof one === 'string') ? (parsed as readonly string[]) : undefined
  } catch {
    return undefined
  }
}

export const spaced = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')

/** Words as a shell would tell them apart; quotes and escapes stay in them, for whoever expands them. */
export function quotedWords(text: string, escape: string): readonly string[] {
  const words: string[] = []
  let word = ''
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word)
      word = ''
      continue
    }
    word += char
    if (char === escape && quote !== "'") word += text.charAt(++at)
    else if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
  }
  return word === '' ? words : [...words, word]
}
