/** The lab that the rows share: made by the `gantry` command in a process of its own, removed with all its data. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import { labIdentity } from '../../deploy/lab/identity.ts'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf, type LabSpec } from '../../deploy/lab/layout.ts'
import { readSpec } from '../../deploy/lab/spec.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createRestClient, type RestClient } from '../../shared/kit/rest-client.ts'
import { run } from './run.ts'

const root = join(import.meta.dirname, '../..')
export const gantryProgram = join(root, 'dist/gantry.mjs')
export const hasGantry = (): boolean => existsSync(gantryProgram)

/** A fresh process that does what `gantry …` does; answers how long it took. */
export async function gantry(words: readonly string[]): Promise<number> {
  const startMs = performance.now()
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', gantryProgram, ...words])
  return performance.now() - startMs
}

/** `lab up` from nothing. @returns milliseconds until all nodes were Ready. */
export const labUp = (name: string, nodes: number, controlPlanes = 1): Promise<number> =>
  gantry(['lab', 'up', '--name', name, '--nodes', String(nodes), ...(controlPlanes > 1 ? ['--control-planes', String(controlPlanes)] : []), '--no-kubeconfig'])
export const labDown = (name: string): Promise<unknown> => lab.down(name, { keep: false })

export interface Cluster extends AsyncDisposable {
  readonly name: string
  readonly spec: LabSpec
  readonly client: RestClient
  readonly kubeconfig: string
  send<T>(method: string, path: string, body?: unknown): Promise<T>
}

export async function openCluster(name: string, { nodes = 3, controlPlanes = 1 }: { readonly nodes?: number; readonly controlPlanes?: number } = {}): Promise<Cluster> {
  await labDown(name)
  await labUp(name, nodes, controlPlanes)
  const spec = await readSpec(name)
  if (spec === undefined) throw new Error(`lab ${name} is not there`)
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await lab.kubeconfig(name), { mode: 0o600 })
  const store = await createImageStore({ root: layoutOf(spec).images, log: silentLog })
  for (const file of makeBusyboxImages(folder)) await store.importArchive(file)
  const identity = await labIdentity(spec)
  const client = createRestClient({ server: layoutOf(spec).server, ca: identity.ca, cert: identity.admin.certificatePem, key: identity.admin.privateKeyPem, userAgent: 'gantry-bench' })
  return {
    name,
    spec,
    client,
    kubeconfig,
    async send<T>(method: string, path: string, body?: unknown) {
      const { status, text } = await client.request({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
      if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`)
      return JSON.parse(text) as T
    },
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
      await labDown(name)
    },
  }
}
