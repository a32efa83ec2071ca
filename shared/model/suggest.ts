/** "Did you mean": the candidate nearest to a misspelled name. */

/** How many single changes (insert, delete, replace, swap neighbours) turn one text into the other; gives up beyond `most`. */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let twoAbove: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a.charAt(row - 1) === b.charAt(column - 1)
      let best = Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + (same ? 0 : 1))
      const swapped = row > 1 && column > 1 && a.charAt(row - 1) === b.charAt(column - 2) && a.charAt(row - 2) === b.charAt(column - 1)
      if (swapped) best = Math.min(best, (twoAbove[column - 2] ?? 0) + 1)
      current.push(best)
    }
    twoAbove = above
    above = current
  }
  return above[b.length] ?? 0
}

/** The nearest candidate that differs in case only, or in at most a third of its letters; `undefined` if none is near. */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  const lower = name.toLowerCase()
  for (const candidate of candidates) {
    const most = Math.min(3, Math.max(1, Math.floor(Math.max(name.length, candidate.length) / 3)))
    const distance = editDistance(lower, candidate.toLowerCase(), most)
    if (distance <= most && (!best || distance < best.distance || (distance === best.distance && candidate < best.name))) best = { name: candidate, distance }
  }
  return best?.name
}
