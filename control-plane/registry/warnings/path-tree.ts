/** Which of many paths are others' folders, in the time that sorting them takes. */
import { MOST_CAUSES } from './told.ts'

export interface Placed {
  readonly path: string
  /** Where the file comes from, as messages show it; empty where the volume has one source alone. */
  readonly source: string
}

interface Found extends Placed {
  readonly index: number
}

/** One path with the files that were found there and below: those that came first, as many as there may be warnings. */
interface Place {
  readonly above: Place | undefined
  /** How many files there were when one from this source was looked at last. */
  readonly lookedAt: Map<string, number>
  readonly here: Found[]
  readonly below: Found[]
}

/** Takes files one by one, and tells which of those before it a file meets: the same path, a folder of it, or something below it. */
export class PathTree {
  readonly #places: ReadonlyMap<string, Place>
  #count = 0

  /** @param paths of all files that will come, without slashes at their ends. */
  constructor(paths: readonly string[]) {
    this.#places = placesOf(paths)
  }

  /** The files that were there before, in their order; each pair of path and source once, and none that was told of the very same file before. */
  add({ path, source }: Placed): readonly Placed[] {
    const place = this.#places.get(path)
    if (!place) return []
    const since = place.lookedAt.get(source)
    const earlier = foundSince(place, since ?? 0)
    place.lookedAt.set(source, this.#count)
    if (since === undefined) note(place, { path, source, index: this.#count++ })
    return earlier.toSorted((one, other) => one.index - other.index)
  }
}

function foundSince(place: Place, since: number): readonly Found[] {
  const found: Found[] = []
  const take = (files: readonly Found[]): void => {
    for (let at = files.length - 1; at >= 0; at--) {
      const file = files[at]
      if (!file || file.index < since) return
      found.push(file)
    }
  }
  take(place.here)
  take(place.below)
  for (let { above } = place; above; { above } = above) take(above.here)
  return found
}

function note(place: Place, file: Found): void {
  if (place.here.length < MOST_CAUSES) place.here.push(file)
  for (let { above } = place; above; { above } = above) if (above.below.length < MOST_CAUSES) above.below.push(file)
}

/** Sorted with a slash behind each, all that is below a path follows it directly. */
function placesOf(paths: readonly string[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  const folders: Array<readonly [folder: string, place: Place]> = []
  for (const folder of [...new Set(paths)].map((path) => `${path}/`).toSorted(byText)) {
    if (folder === '/') continue
    while (folders.length > 0 && !folder.startsWith(folders.at(-1)?.[0] ?? '')) folders.pop()
    const place: Place = { above: folders.at(-1)?.[1], lookedAt: new Map(), here: [], below: [] }
    folders.push([folder, place])
    places.set(folder.slice(0, -1), place)
  }
  return places
}

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
