import { join } from 'node:path'
import { exists } from '../host/files.ts'
import { pageSizeName } from '../runtime/oci-resources.ts'
import { writeGroupFile } from './tree.ts'

/** Names of the files that bound huge pages: those in use, and those that were promised to a mapping. */
const FILES = { 1: ['limit_in_bytes', 'rsvd.limit_in_bytes'], 2: ['max', 'rsvd.max'] } as const

/** @param bytes by the size of a page, in bytes */
export async function boundHugePages(folder: string, version: 1 | 2, bytes: Readonly<Record<number, number>> = {}): Promise<void> {
  for (const [size, limit] of Object.entries(bytes)) {
    const [used, promised] = FILES[version].map((file) => `hugetlb.${pageSizeName(Number(size))}.${file}`) as [string, string]
    await writeGroupFile(folder, used, limit)
    // Linux before 5.7 has none.
    if (await exists(join(folder, promised))) await writeGroupFile(folder, promised, limit)
  }
}
