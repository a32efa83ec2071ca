import { text, type Flag } from '../program/flags.ts'

/** The lab that commands mean unless told otherwise. */
export const DEFAULT_LAB = 'lab'

export const nameFlag: Flag = text('name', "The lab's name", { default: DEFAULT_LAB })

/** `a, b and c` */
export const listed = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`)

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`
