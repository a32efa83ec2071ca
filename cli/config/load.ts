/** Finds and reads kubeconfig files. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, resolve } from 'node:path'
import { Problem } from '../program/problem.ts'
import { mergeFiles, type Kubeconfig, type LoadedFile } from './kubeconfig.ts'
import { readPlainYaml } from './plain-yaml.ts'

type Env = Readonly<Record<string, string | undefined>>

export const homeFile = (env: Env, ...parts: readonly string[]): string => [env['HOME'] || homedir(), ...parts].join('/')

/** The files to read: the one named, those of `$KUBECONFIG`, or `~/.kube/config`. */
export function kubeconfigFiles(named: string | undefined, env: Env): readonly string[] {
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Problem(`stat ${named}: no such file or directory`)
    return [named]
  }
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter((part) => part !== '')
  return listed.length > 0 ? listed : [homeFile(env, '.kube', 'config')]
}

export async function loadKubeconfig(named: string | undefined, env: Env): Promise<Kubeconfig> {
  const loaded: LoadedFile[] = []
  for (const file of kubeconfigFiles(named, env)) {
    const content = await readConfig(file)
    if (content) loaded.push({ content, folder: dirname(resolve(file)) })
  }
  return mergeFiles(loaded)
}

/** `undefined` for a file that is not there. */
export async function readConfig(file: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Problem(`the kubeconfig ${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const value = readPlainYaml(text) ?? (await readAnyYaml(text, file))
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new Problem(`error loading config file "${file}": it does not hold a mapping`)
  return value as Readonly<Record<string, unknown>>
}

async function readAnyYaml(text: string, file: string): Promise<unknown> {
  const { readWholeYaml } = await import('./whole-yaml.ts')
  try {
    return readWholeYaml(text)
  } catch (error) {
    throw new Problem(`error loading config file "${file}": ${(error as Error).message}`, { cause: error })
  }
}
