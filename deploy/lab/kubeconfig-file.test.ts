import { mkdtempSync } from 'node:fs'
import { chown, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { LabIdentity } from './identity.ts'
import { addToKubeconfig, dropFromKubeconfig } from './kubeconfig-file.ts'
import type { LabSpec } from './layout.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-kubeconfig-'))
const identity: LabIdentity = { ca: 'CA', admin: { certificatePem: 'CERT', privateKeyPem: 'KEY' }, joinRoot: '' }
const labs = vi.hoisted(() => ({ state: '' }))

vi.mock('./layout.ts', async (original) => {
  const layout = await original<typeof import('./layout.ts')>()
  return { ...layout, layoutOf: (spec: LabSpec) => layout.layoutOf(spec, { state: labs.state, run: labs.state }) }
})

async function labOf(name: string): Promise<LabSpec> {
  await mkdir(join(folder, 'labs', name), { recursive: true })
  return { name, number: 1, nodes: 0, controlPlanes: 1 }
}

beforeAll(() => {
  labs.state = folder
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

const OTHERS = '# mine\napiVersion: v1\nkind: Config\ncurrent-context: work\ncontexts:\n  - name: work\n    context: { cluster: c, user: u }\n'

test('a link stays a link, and the file stays its owner’s; the context goes from where it was put', async () => {
  const [file, link] = [join(folder, 'real'), join(folder, 'link')]
  await writeFile(file, OTHERS, { mode: 0o644 })
  if (process.getuid?.() === 0) await chown(file, 1234, 1234)
  const owner = (await stat(file)).uid
  await symlink(file, link)
  vi.stubEnv('KUBECONFIG', link)
  const lab = await labOf('one')
  await addToKubeconfig(lab, identity)
  expect((await lstat(link)).isSymbolicLink()).toBe(true)
  expect(await readFile(file, 'utf8')).toContain('current-context: gantry-one')
  const { uid, mode } = await stat(file)
  expect([uid, mode & 0o777]).toEqual([owner, 0o600])
  vi.stubEnv('KUBECONFIG', join(folder, 'elsewhere'))
  await dropFromKubeconfig(lab)
  expect(await readFile(link, 'utf8')).toContain('current-context: work')
  expect(await readFile(link, 'utf8')).not.toContain('gantry-one')
})

test('labs that come at the same time all get in', async () => {
  vi.stubEnv('KUBECONFIG', join(folder, 'shared'))
  const made = await Promise.all(['a', 'b', 'c', 'd'].map(labOf))
  await Promise.all(made.map((lab) => addToKubeconfig(lab, identity)))
  const text = await readFile(join(folder, 'shared'), 'utf8')
  for (const { name } of made) expect(text).toContain(`name: gantry-${name}`)
  await Promise.all(made.map(dropFromKubeconfig))
  await expect(stat(join(folder, 'shared'))).rejects.toThrow('ENOENT')
})

test('what a command that was killed left beside the file is gone with the next one', async () => {
  const file = join(folder, 'beside')
  await writeFile(file, OTHERS)
  await writeFile(`${file}.gantry-new`, 'half a key')
  vi.stubEnv('KUBECONFIG', file)
  const spec = await labOf('beside-lab')
  await addToKubeconfig(spec, identity)
  expect(await readFile(file, 'utf8')).toContain('gantry-beside-lab')
  await writeFile(`${file}.gantry-new`, 'half a key')
  await dropFromKubeconfig(spec)
  await expect(stat(`${file}.gantry-new`)).rejects.toThrow(/ENOENT/)
})
