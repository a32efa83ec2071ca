import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { plantedInReplicas } from './replicas-planted.ts'

const root = join(import.meta.dirname, '../..')
const SEEDS = 100
const PROGRAM = `
import { runReplicas } from './test/sim/replicas.ts'
for (let seed = 1; seed <= ${SEEDS}; seed++) {
  const { violations } = await runReplicas(seed)
  if (violations.length > 0) {
    console.log(JSON.stringify({ seed, ...violations[0] }))
    break
  }
}
process.exit(0)
`

test('each mistake can still be planted', () => {
  for (const { edits } of plantedInReplicas) for (const { file, from } of edits) expect(readFileSync(join(root, file), 'utf8').split(from).length, `${file}: ${from}`).toBe(2)
})

/** A minute or two of work: with the long tests only. */
describe.runIf(Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 100)('clients of several API servers find', () => {
  let copy = ''
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'gantry-planted-'))
    for (const folder of ['control-plane', 'node-agent', 'shared', 'proto', 'test/sim', 'test/history', 'package.json', 'tsconfig.json']) cpSync(join(root, folder), join(copy, folder), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    writeFileSync(join(copy, 'replicas.mjs'), PROGRAM)
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  test.each(plantedInReplicas.map((mistake) => [mistake.name, mistake] as const))('%s', async (_name, { edits: [edit] }) => {
    if (!edit) throw new Error('nothing is planted')
    const file = join(copy, edit.file)
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, before.replace(edit.from, () => edit.to))
    try {
      const found = await new Promise<string>((resolve, reject) => execFile(process.execPath, ['--disable-warning=ExperimentalWarning', 'replicas.mjs'], { cwd: copy, timeout: 280_000 }, (error, stdout, stderr) => (error ? reject(new Error(stderr.slice(-500))) : resolve(stdout.trim()))))
      console.log(found)
      expect(found).not.toBe('')
    } finally {
      writeFileSync(file, before)
    }
  }, 300_000)
})
