import { expect, test } from 'vitest'
import { plainWords } from './words.ts'

test.each([
  ['executable file `nosuch` not found in $PATH: No such file or directory', 'exec: "nosuch": executable file not found in $PATH'],
  ['2026-11-22T05:00:00.000000Z: mount_setattr `/proc`: Invalid argument', 'failed to set up the id-mapped mount of /proc: its file system cannot be shown with other owners, which hostUsers: false needs'],
  ['time="2026-11-22T05:00:00Z" level=error msg="it \\"is\\" so"', 'it "is" so'],
  ['error: something else', 'something else'],
])('%s', (said, plain) => {
  expect(plainWords(said)).toBe(plain)
})
