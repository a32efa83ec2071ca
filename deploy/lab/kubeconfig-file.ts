import { appendFile, chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isEmptyKubeconfig, mergeKubeconfig, removeFromKubeconfig, renderKubeconfig, type KubeconfigEntry } from '../../shared/kit/kubeconfig.ts'
import type { LabIdentity } from './identity.ts'
import { layoutOf, type LabSpec } from './layout.ts'
import { withLock } from './lock.ts'

/** The first file of `$KUBECONFIG`, or `~/.kube/config`. */
export const kubeconfigPath = (env: NodeJS.ProcessEnv = process.env): string => env['KUBECONFIG']?.split(':').find((part) => part !== '') ?? join(homedir(), '.kube/config')

const entryOf = (spec: LabSpec, identity: LabIdentity): KubeconfigEntry => ({ name: spec.name, server: layoutOf(spec).server, authorityPem: identity.ca, clientCertificatePem: identity.admin.certificatePem, clientKeyPem: identity.admin.privateKeyPem })

/** `undefined` when the file is not there. */
const unlessMissing = async <T>(read: Promise<T>): Promise<T | undefined> =>
  read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })

/** Beside the file itself, so that it can take its place. One that is there was left by a command that was killed, and holds a key. */
const madeBeside = (file: string): string => `${file}.gantry-new`

/** Written whole or not at all; a link stays a link, and its owner (who called with sudo) stays the owner. */
async function replace(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const target = (await unlessMissing(realpath(file))) ?? file
  const owner = await unlessMissing(stat(target))
  const made = madeBeside(target)
  await writeFile(made, text, { mode: 0o600, flag: 'wx' })
  if (owner) await chown(made, owner.uid, owner.gid)
  await rename(made, target)
}

/** Labs that come and go at the same time write one file. */
const change = (file: string, changed: (text: string) => string | undefined): Promise<void> =>
  withLock(`gantry-kubeconfig-${file}`, async () => {
    await rm(madeBeside((await unlessMissing(realpath(file))) ?? file), { force: true })
    const text = (await unlessMissing(readFile(file, 'utf8'))) ?? ''
    const after = changed(text)
    if (after === undefined) await rm((await unlessMissing(realpath(file))) ?? file, { force: true })
    else if (after !== text) await replace(file, after)
  })

export const labKubeconfig = (spec: LabSpec, identity: LabIdentity): string => renderKubeconfig(entryOf(spec, identity))

/** The files that hold the lab's context, one a line. */
const holders = (spec: LabSpec): string => `${layoutOf(spec).state}/kubeconfigs`
const heldBy = async (spec: LabSpec): Promise<readonly string[]> => ((await unlessMissing(readFile(holders(spec), 'utf8'))) ?? '').split('\n').filter((line) => line !== '')

/** Adds (or renews) the lab's context and makes it the current one. */
export async function addToKubeconfig(spec: LabSpec, identity: LabIdentity): Promise<string> {
  const file = resolve(kubeconfigPath())
  if (!(await heldBy(spec)).includes(file)) await appendFile(holders(spec), `${file}\n`)
  await change(file, (text) => mergeKubeconfig(text, entryOf(spec, identity)))
  return file
}

/** Takes the lab's context out again, wherever `up` put it; a file that held nothing else is removed. */
export async function dropFromKubeconfig(spec: LabSpec): Promise<void> {
  for (const file of new Set([resolve(kubeconfigPath()), ...(await heldBy(spec))])) {
    await change(file, (text) => {
      const left = text === '' ? text : removeFromKubeconfig(text, spec.name)
      return left !== text && isEmptyKubeconfig(left) ? undefined : left
    })
  }
  await rm(holders(spec), { force: true })
}
