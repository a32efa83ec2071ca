/** What a message of protocol buffers is made of. PURE. */
import type { ScalarKind } from '../../../shared/model/schemas/types.ts'

export type Shape =
  | { readonly kind: 'scalar'; readonly scalar: ScalarKind }
  /** A message whose first field holds JSON as bytes: raw extensions, managed fields. */
  | { readonly kind: 'raw' }
  | { readonly kind: 'list'; readonly items: Shape }
  /** Repeated messages of a key (1) and a value (2). */
  | { readonly kind: 'map'; readonly values: Shape }
  | { readonly kind: 'message'; readonly schema: string }
  /** A message that stands for one of its fields: a schema or a list of them, a schema or a yes. */
  | { readonly kind: 'either'; readonly shapes: ReadonlyMap<number, Shape> }
  /** A list in a message of its own, as the values of some maps are. */
  | { readonly kind: 'items'; readonly items: Shape }

export type FieldNumber =
  | { readonly kind: 'field'; readonly name: string; readonly shape: Shape; /** Go has a pointer there: what was never set is not written; anything else is written even when it is empty. */ readonly isPointer: boolean }
  /** Its fields stand among those of the message it is in. */
  | { readonly kind: 'inline'; readonly message: Message }

export interface Message {
  readonly name: string
  readonly byNumber: ReadonlyMap<number, FieldNumber>
  /** The same, the highest number first: messages are written from their end. */
  readonly fromEnd: ReadonlyArray<readonly [number: number, field: FieldNumber]>
}

export function messageOf(name: string, fields: ReadonlyArray<readonly [number: number, field: FieldNumber]>): Message {
  return { name, byNumber: new Map(fields), fromEnd: fields.toSorted(([a], [b]) => b - a) }
}

/** A field that is always written. */
export const field = (name: string, shape: Shape): FieldNumber => ({ kind: 'field', name, shape, isPointer: false })
