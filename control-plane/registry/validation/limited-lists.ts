/** Lists and maps of limited size, as the newer groups validate them: what is too long is not looked into. */
import { duplicate, type FieldError, tooMany } from '../../../shared/model/field-error.ts'
import { each, sortedEntries } from './check.ts'

export type ItemCheck<T> = (item: T, path: string, index: number) => readonly FieldError[]

export interface Limits<T> {
  readonly path: string
  /** Left out: as many as there may be. */
  readonly most?: number | undefined
  readonly check: ItemCheck<T>
}

export function validateItems<T>(items: readonly T[] | undefined, { path, most, check }: Limits<T>): readonly FieldError[] {
  const count = items?.length ?? 0
  return most !== undefined && count > most ? [tooMany(path, count, most)] : each(items, path, check)
}

/** Items of which each is there once. */
export function validateUnique<T>(items: readonly T[] | undefined, limits: Limits<T> & { readonly keyOf: (item: T) => string }): readonly FieldError[] {
  const { path, most, keyOf } = limits
  if (most !== undefined && (items?.length ?? 0) > most) return validateItems(items, limits)
  const seen = new Set<string>()
  const repeated = each(items, path, (item, at) => {
    const key = keyOf(item)
    if (seen.has(key)) return [duplicate(at, key)]
    seen.add(key)
    return []
  })
  return [...validateItems(items, limits), ...repeated]
}

export interface MapLimits<T> {
  readonly path: string
  readonly most?: number | undefined
  readonly key: (key: string, path: string) => readonly FieldError[]
  readonly value: (value: T, path: string) => readonly FieldError[]
}

export function validateMap<T>(map: Readonly<Record<string, T>> | undefined, { path, most, key, value }: MapLimits<T>): readonly FieldError[] {
  const entries = sortedEntries(map)
  if (most !== undefined && entries.length > most) return [tooMany(path, entries.length, most)]
  return entries.flatMap(([name, item]) => [...key(name, path), ...value(item, `${path}[${name}]`)])
}
