import { open, rename, rm } from 'node:fs/promises'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { firstPlace } from './places.ts'
import { sizeText } from './text.ts'

export async function exportImages(call: Call): Promise<void> {
  const { args, flags, terminal } = call
  if (args.length === 0) throw new Problem('which image? "gantry image ls" lists them')
  const file = flags.text('filename')
  if (file === undefined && terminal.columns !== undefined) throw new Problem('an archive is nothing for a screen: give a file with -f FILE, or pipe it on')
  const place = await firstPlace(call)
  const bytes = await place.stream({ method: 'POST', path: '/export', query: args.map((ref) => ['ref', ref] as const) })
  if (file === undefined) for await (const part of bytes) terminal.bytes(part)
  else terminal.out(`${args.join(', ')} exported to ${file} (${sizeText(await writeWhole(file, bytes))})\n`)
}

/** The file is there when it is whole, and not before. */
async function writeWhole(file: string, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${file}.part`
  let size = 0
  try {
    const target = await open(part, 'w')
    try {
      for await (const chunk of bytes) {
        size += chunk.length
        await target.writeFile(chunk)
      }
    } finally {
      await target.close()
    }
    await rename(part, file)
    return size
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
