import type { Knowledge } from './knowledge.ts'
import type { Operation, Revision } from './history.ts'
import type { Story } from './story.ts'

/** A history, prepared for the rules. */
export interface Evidence {
  readonly operations: readonly Operation[]
  readonly story: Story
  readonly knowledge: Knowledge
  readonly forgotten: readonly number[]
}

/** An operation in words. */
export function told(one: Operation): string {
  const who = `${one.client} #${one.id}`
  switch (one.kind) {
    case 'write':
      return `${who} ${one.verb} ${one.key}${one.value === undefined ? '' : ` = ${one.value}`}${one.expects === undefined ? '' : ` (expects ${one.expects})`}`
    case 'get':
      return `${who} get ${one.key} (${freshText(one.fresh)})`
    case 'list':
      return `${who} list ${one.prefix} (${freshText(one.fresh)})`
    case 'watch':
      return `${who} watch ${one.prefix} (${one.from.kind === 'after' ? `after ${one.from.revision}` : `initial, ${freshText(one.from.fresh)}`})`
    case 'cache':
      return `${who} holds ${one.prefix} at ${one.revision}`
  }
}

const freshText = (fresh: { readonly kind: string; readonly revision?: Revision }): string => `${fresh.kind}${fresh.revision === undefined ? '' : ` ${fresh.revision}`}`
