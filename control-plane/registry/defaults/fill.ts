/** Two ways in which a default is filled in: Kubernetes' Go types know "absent" for pointers only, all other fields have a zero value. */

/** Sets what is absent. For fields that are pointers in Go: an explicit zero stays. */
export function fillAbsent<T extends object>(object: T, defaults: Partial<T>): T {
  return fill(object, defaults, (value) => value === undefined || value === null)
}

/** Sets what is absent, empty, 0 or false. For fields that are plain values in Go. */
export function fillZero<T extends object>(object: T, defaults: Partial<T>): T {
  return fill(object, defaults, (value) => value === undefined || value === null || value === '' || value === 0 || value === false)
}

function fill<T extends object>(object: T, defaults: Partial<T>, isUnset: (value: unknown) => boolean): T {
  let filled: T | undefined
  for (const key of Object.keys(defaults) as Array<keyof T>) {
    if (!isUnset(object[key]) || defaults[key] === undefined) continue
    filled ??= { ...object }
    filled[key] = defaults[key] as T[keyof T]
  }
  return filled ?? object
}

/** Changes one member if it is there. */
export function mapMember<T extends object, K extends keyof T>(object: T, key: K, change: (value: NonNullable<T[K]>) => NonNullable<T[K]>): T {
  const value = object[key]
  if (value === undefined || value === null) return object
  const changed = change(value)
  return changed === value ? object : { ...object, [key]: changed }
}

/** Changes every item of a list member if the list is there. */
export function mapItems<T extends object, I>(object: T, key: keyof T, change: (item: I) => I): T {
  const items = object[key] as ReadonlyArray<I> | undefined | null
  if (!items || items.length === 0) return object
  const changed = items.map(change)
  return changed.every((item, index) => item === items[index]) ? object : { ...object, [key]: changed }
}

/** The object without the named members. */
export function without<T extends object>(object: T, ...keys: ReadonlyArray<keyof T>): T {
  if (keys.every((key) => !(key in object))) return object
  const rest = { ...object }
  for (const key of keys) delete rest[key]
  return rest
}
