/**
 * Which lists and maps a client sent empty. They are read as if they were not there, as Go leaves them out when it writes; only refusals that quote
 * an object tell `[]` from `null`. What is remembered goes along when an object is copied member by member, and is in no JSON.
 */
const SENT_EMPTY = Symbol('sent empty')

interface Remembering {
  [SENT_EMPTY]?: readonly string[]
}

export function rememberEmpty(object: object, name: string): void {
  const holder: Remembering = object
  holder[SENT_EMPTY] = [...(holder[SENT_EMPTY] ?? []), name]
}

export const wasSentEmpty = (object: object | undefined, name: string): boolean => (object as Remembering | undefined)?.[SENT_EMPTY]?.includes(name) ?? false

/** A list as a refusal quotes it: `null` where none was sent. */
export function quotedList<T>(object: object | undefined, name: string, list: readonly T[] | null | undefined): readonly T[] | null {
  return list ?? (wasSentEmpty(object, name) ? [] : null)
}
