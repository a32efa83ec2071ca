import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadProfile } from './app-armor.ts'

const path = process.env['PATH']
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-parser-'))
  process.env['PATH'] = `${folder}:${path}`
})
afterEach(async () => {
  process.env['PATH'] = path
  await rm(folder, { recursive: true })
})

/** In the place of the real one, which the host need not have. */
async function parserThat(script: string): Promise<void> {
  const file = join(folder, 'apparmor_parser')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
}

test('a parser that does not end is not waited for', async () => {
  await parserThat('exec sleep 1000')
  await expect(loadProfile('profile x {}', 100)).rejects.toThrow('apparmor_parser did not end within 0.1 s')
})

test('what the parser says of a profile is told, its warnings aside', async () => {
  await parserThat('echo "Warning: slow" >&2; echo "syntax error, line 1" >&2; exit 1')
  await expect(loadProfile('profile')).rejects.toThrow(/^apparmor_parser: syntax error, line 1$/)
  await parserThat('cat > /dev/null')
  await loadProfile('profile x {}')
})
