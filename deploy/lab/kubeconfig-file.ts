import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isEmptyKubeconfig, mergeKubeconfig, removeFromKubeconfig, renderKubeconfig, type KubeconfigEntry } from '../../shared/kit/kubeconfig.ts'
import type { LabIdentity } from './identity.ts'
import { layoutOf, type LabSpec } from './layout.ts'

/** The first file of `$KUBECONFIG`, or `~/.kube/config`. */
export const kubeconfigPath = (env: NodeJS.ProcessEnv = process.env): string => env['KUBECONFIG']?.split(':').find((part) => part !== '') ?? join(homedir(), '.kube/config')

const entryOf = (spec: LabSpec, identity: LabIdentity): KubeconfigEntry => ({ name: spec.name, server: layoutOf(spec).server, authorityPem: identity.ca, clientCertificatePem: identity.admin.certificatePem, clientKeyPem: identity.admin.privateKeyPem })

const contents = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })

async function replace(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.gantry`, text, { mode: 0o600 })
  await rename(`${file}.gantry`, file)
}

export const labKubeconfig = (spec: LabSpec, identity: LabIdentity): string => renderKubeconfig(entryOf(spec, identity))

/** Adds (or renews) the lab's context and makes it the current one. */
export async function addToKubeconfig(spec: LabSpec, identity: LabIdentity): Promise<string> {
  const file = kubeconfigPath()
  await replace(file, mergeKubeconfig(await contents(file), entryOf(spec, identity)))
  return file
}

/** Takes the lab's context out again; a file that held nothing else is removed. */
export async function dropFromKubeconfig(spec: LabSpec): Promise<void> {
  const file = kubeconfigPath()
  const text = await contents(file)
  if (text === '') return
  const left = removeFromKubeconfig(text, spec.name)
  if (left === text) return
  if (isEmptyKubeconfig(left)) await rm(file)
  else await replace(file, left)
}
