/** What the labs of a failed test looked like: told with its failure, their whole logs kept beside the reports. A lab that is gone by then tells nothing any more. */
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, vi } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { slowness } from '../../deploy/lab/patience.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { failed, openLabs, type TestLab } from './harness.ts'

const KEPT = join(import.meta.dirname, '../../.gantry/reports/labs')
const LOG_LINES = 15

// How long one takes that does not hang is no matter here. Slower hosts have bounds of their own.
if (slowness === 1) vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

/** `GANTRY_SECOND_TRIES=1`: no first try passes, so that it is seen of each test whether the second can. */
const failsFirst = process.env['GANTRY_SECOND_TRIES'] === '1'

afterEach(async ({ task }) => {
  if (failsFirst && task.result?.state !== 'fail' && task.result?.retryCount === 0) {
    failed.tests++
    throw new Error('a first try, which has passed')
  }
  // A second try that passes has the errors of the first one still.
  const error = task.result?.state === 'fail' ? task.result.errors?.at(-1) : undefined
  if (error === undefined) return
  failed.tests++
  const told = await Promise.all([...openLabs].map((one) => story(one, task.name).catch((reason: unknown) => `lab ${one.name}: ${String(reason)}`)))
  error.message += `\n${told.join('\n')}`
  // It is tried once more: a failure that does not come again is told all the same.
  process.stdout.write(`failed: ${task.name}: ${error.message}\n`)
  if (error.stack !== undefined) error.stack = `${error.name}: ${error.message}\n${error.stack.split('\n').filter((line) => /^\s+at /.test(line)).join('\n')}`
})

async function story(cluster: TestLab, test: string): Promise<string> {
  const { members } = await lab.status(cluster.name)
  const lines = [`lab ${cluster.name} at ${new Date().toISOString()}:`, `  ${members.map(({ name, pid, leads }) => `${name} ${pid ?? 'not running'}${leads ? ' (leader)' : ''}`).join(', ')}`]
  const nodes = await ask<Node>(cluster, '/api/v1/nodes')
  lines.push(...nodes.map(({ metadata, spec, status }) => `  node ${metadata.name}: ${status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? '?'} ${(spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).join(' ')}`))
  const pods = await ask<Pod>(cluster, '/api/v1/pods')
  lines.push(...pods.map((pod) => `  pod ${inWords(pod)}`))
  for (const { name } of members) {
    const { file, text } = await lab.logs(cluster.name, name)
    // Etcd complains of much that is no matter.
    if (!name.endsWith('etcd')) lines.push(...text.trimEnd().split('\n').slice(-LOG_LINES).map((line) => `  ${name}: ${line.slice(0, 300)}`))
    const kept = join(KEPT, test.replaceAll(/[^\w]+/g, '-').slice(0, 60))
    mkdirSync(kept, { recursive: true })
    if (existsSync(file)) cpSync(file, join(kept, `${cluster.name}-${name.replaceAll('/', '-')}.log`))
  }
  return lines.join('\n')
}

const ask = async <T>(cluster: TestLab, path: string): Promise<readonly T[]> => {
  try {
    const { text } = await cluster.client.request({ method: 'GET', path, signal: AbortSignal.timeout(5_000) })
    return (JSON.parse(text) as { readonly items?: readonly T[] }).items ?? []
  } catch (error) {
    return [{ metadata: { name: `${path}: ${String(error)}` } } as T]
  }
}

const inWords = ({ metadata, spec, status }: Pod): string =>
  [
    metadata.name,
    spec?.nodeName ?? 'unbound',
    status?.phase ?? '?',
    ...(metadata.deletionTimestamp === undefined ? [] : [`deleted at ${metadata.deletionTimestamp} (grace ${metadata.deletionGracePeriodSeconds})`]),
    `rv ${metadata.resourceVersion}`,
    ...(status?.containerStatuses ?? []).map((one) => `${one.name} ${Object.keys(one.state ?? {}).join()}${one.ready ? ' ready' : ''} restarts ${one.restartCount}`),
  ].join(' ')
