/** Named members as they were. */
export function restored<T extends object>(object: T, before: T | undefined, names: ReadonlyArray<keyof T>): T {
  const copy = { ...object }
  for (const name of names) {
    if (before?.[name] === undefined) delete copy[name]
    else copy[name] = before[name]
  }
  return copy
}
