import { statfs } from 'node:fs/promises'

/** Room on the file system that holds the folder: all of it, and what is left for everybody. */
export async function diskSpace(folder: string): Promise<{ readonly capacityBytes: number; readonly availableBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(folder)
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize }
}
