import { Fault } from '../../shared/kit/faults.ts'

/**
 * Sparse files in archives: only the parts that hold something are stored. GNU tar has written them in four ways: type `S` with a map in the header, and three forms of pax records
 * (0.0: many pairs, 0.1: one list, 1.0: the list at the beginning of the content). Pure but for Buffer.
 */
export interface SparsePart {
  readonly offset: number
  readonly length: number
}

export interface SparseMap {
  /** Of the file with its holes. */
  readonly sizeBytes: number
  readonly parts: readonly SparsePart[]
}

/** No file of an image has so many holes. */
const MAX_PARTS = 1 << 20
const MAX_DIGITS = 15
/** Nor is one that long: whoever reads it whole reads all its zeros. */
const MAX_BYTES = 2 ** 38

/** In order, apart, and inside the file, and together as long as what is stored. Throws Fault('corrupt'). */
export function checkedMap(map: SparseMap, storedBytes: number, name: string): SparseMap {
  if (map.sizeBytes > MAX_BYTES) throw new Fault('invalid', `${JSON.stringify(name)} in the archive would have ${map.sizeBytes} bytes`)
  let end = 0
  let stored = 0
  for (const { offset, length } of map.parts) {
    if (offset < end) throw damaged(name)
    end = offset + length
    stored += length
  }
  if (map.parts.length > MAX_PARTS || !Number.isSafeInteger(end) || end > map.sizeBytes || stored !== storedBytes) throw damaged(name)
  return map
}

/** What pax records say of holes; undefined where they say nothing. `inContent`: the list stands before the content (form 1.0). */
export function paxSparse(pax: ReadonlyMap<string, Buffer>, name: string): { readonly sizeBytes: number; readonly parts: readonly SparsePart[] | 'in content' } | undefined {
  const said = (key: string): string | undefined => pax.get(`GNU.sparse.${key}`)?.toString('latin1')
  const size = said('realsize') ?? said('size')
  if (size === undefined) return undefined
  const sizeBytes = decimal(size, name)
  if (said('major') === '1' && said('minor') === '0') return { sizeBytes, parts: 'in content' }
  const list = said('map')
  if (list === undefined) throw damaged(name)
  return { sizeBytes, parts: pairs(list === '' ? [] : list.split(','), name) }
}

/** Form 1.0: reads the lines at the beginning of the content, which fill whole blocks. `block` answers the next block of the content. */
export async function listInContent(block: () => Promise<Buffer>, name: string): Promise<readonly SparsePart[]> {
  const numbers: string[] = []
  let rest = ''
  for (let wanted = 1; numbers.length < wanted; ) {
    const lines = `${rest}${(await block()).toString('latin1')}`.split('\n')
    rest = lines.pop() ?? ''
    numbers.push(...lines)
    if (rest.length > MAX_DIGITS && !rest.startsWith('\0')) throw damaged(name)
    const count = numbers[0] === undefined ? undefined : decimal(numbers[0], name)
    if (count !== undefined && count > MAX_PARTS) throw damaged(name)
    wanted = count === undefined ? 1 : 1 + 2 * count
  }
  return pairs(numbers.slice(1, 1 + 2 * Number(numbers[0])), name)
}

function pairs(numbers: readonly string[], name: string): readonly SparsePart[] {
  if (numbers.length % 2 !== 0) throw damaged(name)
  return Array.from({ length: numbers.length / 2 }, (_, at) => ({ offset: decimal(numbers[2 * at] ?? '', name), length: decimal(numbers[2 * at + 1] ?? '', name) }))
}

function decimal(text: string, name: string): number {
  if (!/^\d+$/.test(text) || text.length > MAX_DIGITS) throw damaged(name)
  return Number(text)
}

const damaged = (name: string): Fault => new Fault('corrupt', `the list of holes of ${JSON.stringify(name)} in the archive is damaged`)
