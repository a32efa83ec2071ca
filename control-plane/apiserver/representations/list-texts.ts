import type { CachedObject } from '../../storage/watch-cache-port.ts'

/** A list as text: what stands before its items, each of them, and what stands behind. */
export interface ListTexts {
  /** What of the texts of items changes with what was asked. */
  readonly form: string
  readonly before: string
  of(items: readonly CachedObject[]): readonly string[]
  /** Follows the items, always the same in this form. */
  readonly end: string
  readonly after: string
}
