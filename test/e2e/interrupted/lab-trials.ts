/** Commands that make, change and remove a lab are killed somewhere; the same command, or the one that undoes it, finishes what they left. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { labClient } from '../../../deploy/lab/api.ts'
import { labIdentity } from '../../../deploy/lab/identity.ts'
import { makeBusyboxImages } from '../../../deploy/images/make-busybox.ts'
import * as lab from '../../../deploy/lab/lab.ts'
import { readSpec } from '../../../deploy/lab/spec.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { gantry, killedAt, pointsOf } from './command.ts'
import { deathsAt, inWords, type Death } from './deaths.ts'
import { tracesInTheEnd } from './host.ts'

export const upOf = (name: string, controlPlanes = 1): readonly string[] => ['lab', 'up', '--name', name, '--nodes', '1', '--no-kubeconfig', ...(controlPlanes === 1 ? [] : ['--control-planes', String(controlPlanes)])]
const downOf = (name: string): readonly string[] => ['lab', 'down', '--name', name]

export async function must(words: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await gantry(words)
  if (exitCode !== 0) throw new Error(`gantry ${words.join(' ')}: exit code ${exitCode}: ${stderr}`)
}

/** Both images are there: the last lab to go takes them along. */
async function importImages(): Promise<void> {
  if ((await lab.listImages()).length > 0) return
  const folder = mkdtempSync(join(tmpdir(), 'gantry-interrupted-'))
  for (const file of makeBusyboxImages(folder)) await lab.importImages(file)
  rmSync(folder, { recursive: true, force: true })
}

export const SPARED = 'it was spared'

/** A point that is never reached proves nothing. */
export async function mustDie(words: readonly string[], death: Death): Promise<void> {
  if ((await killedAt(words, death)) === 'spared') throw new Error(SPARED)
}

const RUNS_WITHIN_MS = 60_000

/** Every node is Ready (`lab up` has waited for that), every member runs, and a pod runs to its end. */
export async function proveWorks(name: string): Promise<void> {
  const { spec, members } = await lab.status(name)
  const ill = members.filter(({ state }) => state !== 'running')
  if (ill.length > 0) throw new Error(`not running: ${ill.map((one) => `${one.name} ${one.state}`).join(', ')}`)
  await importImages()
  using client = labClient(spec, await labIdentity(spec))
  const path = '/api/v1/namespaces/default/pods'
  const json = { 'content-type': 'application/json' }
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'proof-' }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['true'] }] } }
  const answer = await client.request({ method: 'POST', path, headers: json, body: JSON.stringify(pod) })
  if (answer.status !== 201) throw new Error(`the pod was refused: ${answer.text}`)
  const made = JSON.parse(answer.text) as Pod
  const deadlineMs = performance.now() + RUNS_WITHIN_MS
  let found = made
  while (found.status?.phase !== 'Succeeded') {
    if (performance.now() > deadlineMs) throw new Error(`the pod did not run: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { status, text } = await client.request({ path: `${path}/${made.metadata.name}` })
    if (status === 404) throw new Error(`the pod is gone: ${(await client.request({ path: '/api/v1/events' })).text}`)
    found = JSON.parse(text) as Pod
  }
}

async function proveGone(name: string, number: number | undefined): Promise<void> {
  const traces = await tracesInTheEnd(name, number)
  if (traces.length > 0) throw new Error(`left on the host: ${traces.join(', ')}`)
}

/** Removes the lab, and proves that it is gone. */
export async function takeDown(name: string): Promise<void> {
  const number = (await readSpec(name))?.number
  await must(downOf(name))
  await proveGone(name, number)
}

/** What was wrong after the death; undefined if nothing was. */
export async function trial(death: Death | string, work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return `${typeof death === 'string' ? death : inWords(death)}: ${(error as Error).message}`
  }
}

/** `up` dies; then `up` again gives a cluster that works, and `down` leaves nothing of it. Or `down` at once. */
export async function upDies(name: string, death: Death, { next, controlPlanes = 1 }: { readonly next: 'up' | 'down'; readonly controlPlanes?: number }): Promise<void> {
  await mustDie(upOf(name, controlPlanes), death)
  if (next === 'up') {
    await must(upOf(name, controlPlanes))
    await proveWorks(name)
  }
  await takeDown(name)
}

/** `down` dies; then `down` again leaves nothing, or `up` gives a cluster that works. */
export async function downDies(name: string, death: Death, next: 'up' | 'down'): Promise<void> {
  await must(upOf(name))
  const number = (await readSpec(name))?.number
  await mustDie(downOf(name), death)
  if (next === 'up') {
    await must(upOf(name))
    await proveWorks(name)
    await takeDown(name)
  } else {
    await must(downOf(name))
    await proveGone(name, number)
  }
}

export const upDeaths = async (name: string, controlPlanes = 1): Promise<readonly Death[]> => deathsAt((await pointsOf(upOf(name, controlPlanes))).points)
/** Of a lab that is up; it is down afterwards. */
export const downDeaths = async (name: string): Promise<readonly Death[]> => deathsAt((await pointsOf(downOf(name))).points)
