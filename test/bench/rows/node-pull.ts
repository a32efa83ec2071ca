/** An image of real software out of a registry onto the disk, unpacked: an agent's way beside the usual tools', from the same registry. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasRegistry, startRegistry } from '../../contract/registry-server.ts'
import { NoPackages } from '../../e2e/software/packages.ts'
import { softwareArchive } from '../../e2e/software/images.ts'
import { megabytes } from '../processes.ts'
import { median, short, spread, type Figure, type Row } from '../row.ts'
import { run } from '../run.ts'

const ROUNDS = 3

const isThere = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

interface Spent {
  readonly wallSeconds: number
  readonly processorSeconds: number
}

/** @param script of a shell, whose children's time it tells at its end */
async function spent(script: string, ...words: readonly string[]): Promise<Spent> {
  const beganMs = performance.now()
  const text = await run('sh', ['-c', `set -e\n${script}\ntimes`, 'sh', ...words], { timeoutMs: 300_000 })
  const wallSeconds = (performance.now() - beganMs) / 1000
  const times = [...(text.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds))
  return { wallSeconds, processorSeconds: times.reduce((sum, one) => sum + one, 0) }
}

function archive(): string | undefined {
  try {
    return softwareArchive('postgres')
  } catch (error) {
    if (error instanceof NoPackages) return undefined
    throw error
  }
}

const inEmptyFolder = async <T>(work: (folder: string) => Promise<T>): Promise<T> => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-pull-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const nodePullRow: Row = {
  name: 'node-pull',
  title: 'an image pulled and unpacked',
  unit: 'MB/s',
  judged: 'ratio',
  better: 'more',
  must: 1,
  aim: 1.5,
  async measure(): Promise<Figure | { readonly skipped: string }> {
    if (!hasRegistry || !isThere('skopeo') || !isThere('umoci')) return { skipped: 'docker-registry, skopeo or umoci is missing here' }
    const file = archive()
    if (file === undefined) return { skipped: 'no packages can be fetched here to make the image of' }
    await using registry = await startRegistry()
    const name = `${registry.host}/software/postgres:1`
    await run('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `docker-archive:${file}`, `docker://${name}`])
    const ours: Spent[] = []
    const theirs: Spent[] = []
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await inEmptyFolder((folder) => spent('"$@"', process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../pull-image.ts'), name, folder)))
      theirs.push(await inEmptyFolder((folder) => spent('skopeo copy --quiet --src-tls-verify=false "docker://$1" "oci:$2/image:1"\numoci unpack --image "$2/image:1" "$2/bundle"', name, folder)))
    }
    const size = megabytes(statSync(file).size)
    const rate = (all: readonly Spent[]): number => size / median(all.map(({ wallSeconds }) => wallSeconds))
    const processor = (all: readonly Spent[]): string => short(median(all.map(({ processorSeconds }) => processorSeconds)))
    return { value: rate(ours), beside: { name: 'MB/s skopeo + umoci', value: rate(theirs) }, note: `${size.toFixed(0)} MB unpacked; processor ${processor(ours)} s and ${processor(theirs)} s; ${spread(ours.map(({ wallSeconds }) => size / wallSeconds))}` }
  },
}
