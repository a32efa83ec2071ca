import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import { namesIn } from '../host/files.ts'

/**
 * Moves a log that has grown too large aside (`0.log.20261121-150405`) and drops the oldest ones. Whoever writes goes on writing into the
 * moved file until told to reopen, so no line is lost. Answers whether it was moved.
 */
export async function rotateLog(path: string, limits: { readonly maxBytes: number; readonly maxFiles: number }, nowMs: number): Promise<boolean> {
  const about = await unlessMissing(stat(path))
  if (about === undefined || about.size < limits.maxBytes) return false
  await rename(path, `${path}.${stamp(nowMs)}`)
  const old = await rotatedFiles(path)
  for (const name of old.slice(0, Math.max(0, old.length - (limits.maxFiles - 1)))) await rm(join(dirname(path), name), { force: true })
  return true
}

/** Oldest first. */
export async function rotatedFiles(path: string): Promise<readonly string[]> {
  return [...(await namesIn(dirname(path)))].filter((name) => name.startsWith(`${basename(path)}.`) && !name.endsWith('.tmp')).sort()
}

const stamp = (nowMs: number): string => new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 19)
