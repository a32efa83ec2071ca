/** Texts as CEL counts them: in code points. Most have as many as units of UTF-16, which can be told without reading them. PURE. */

const PAIRED = /[\ud800-\udbff]/
const BEYOND_ASCII = /[^\0-\x7f]/

export const isPlain = (text: string): boolean => !PAIRED.test(text)

export function runeCount(text: string): number {
  if (isPlain(text)) return text.length
  let count = 0
  for (let unit = 0; unit < text.length; unit += widthAt(text, unit)) count++
  return count
}

const widthAt = (text: string, unit: number): number => ((text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1)

/** Where the code point of that index begins, in units; at the end if there are not so many. */
export function unitOf(text: string, rune: number): number {
  if (isPlain(text)) return Math.min(rune, text.length)
  let unit = 0
  for (let count = 0; count < rune && unit < text.length; count++) unit += widthAt(text, unit)
  return unit
}

export const lowerAscii = (text: string): string => (BEYOND_ASCII.test(text) ? moved(text, 0x41, 0x20) : text.toLowerCase())
export const upperAscii = (text: string): string => (BEYOND_ASCII.test(text) ? moved(text, 0x61, -0x20) : text.toUpperCase())

/** With the 26 letters from there on replaced by those so far from them. */
function moved(text: string, first: number, by: number): string {
  const units = Buffer.from(text, 'utf16le')
  for (let at = 0; at < units.length; at += 2) {
    const low = units[at] ?? 0
    if (units[at + 1] === 0 && low >= first && low < first + 26) units[at] = low + by
  }
  return units.toString('utf16le')
}
