/** Paths in bytes: names that pods choose need not be UTF-8. */

const SLASH = Buffer.from('/')

/** The kernel takes 4,096 bytes: one more name and the end of the text have room after this. */
const LONG = 3_800

/** What is called `name` in a folder. */
export const below = (folder: Buffer, name: Buffer): Buffer => Buffer.concat([folder, SLASH, name])

/** Whether names below this path could be too long for the kernel: it must be reached in another way. */
export const isLong = (path: Buffer): boolean => path.length > LONG
