/** The objects that files hold, each with its place. */
import { isJsonObject } from '../../shared/model/json.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { locatedText, type Located } from './position.ts'
import { readSources, type SourceFile } from './read.ts'
import { readDocuments, type Path, type YamlDocument } from './yaml-documents.ts'

export interface Manifest {
  readonly object: ApiObject & { readonly apiVersion: string; readonly kind: string }
  readonly file: string
  readonly document: YamlDocument
  /** Where the object is in the document: empty, or the item of a `List`. */
  readonly path: Path
}

/** Mistakes in files, found before anything was sent. */
export const fileProblems = (problems: readonly Located[]): Problem => new Problem(`${problems.map(locatedText).join('\nerror: ')}\nNothing was changed.`)

/** @throws Problem with every mistake of every file */
export async function readManifests(call: Pick<Call, 'flags' | 'terminal' | 'command'>): Promise<readonly Manifest[]> {
  const sources = await readSources(call)
  const manifests = manifestsIn(sources)
  if (manifests.length === 0) throw new Problem('no objects passed to apply'.replace('apply', call.command))
  return manifests
}

export function manifestsIn(sources: readonly SourceFile[]): readonly Manifest[] {
  const problems: Located[] = []
  const manifests: Manifest[] = []
  for (const source of sources) {
    const read = readDocuments(source)
    if (read.kind === 'problems') problems.push(...read.problems)
    else for (const document of read.documents) collect(document, { manifests, problems })
  }
  if (problems.length > 0) throw fileProblems(problems)
  return manifests
}

interface Collected {
  readonly manifests: Manifest[]
  readonly problems: Located[]
}

function collect(document: YamlDocument, into: Collected): void {
  const { value } = document
  const kind = isJsonObject(value) ? value['kind'] : undefined
  const items = isJsonObject(value) ? value['items'] : undefined
  // A list of a kind's own (PodList) and the plain List both hold objects.
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
    for (const at of items.keys()) collectObject(document, ['items', at], into)
  } else collectObject(document, [], into)
}

function collectObject(document: YamlDocument, path: Path, { manifests, problems }: Collected): void {
  const object = path.reduce<unknown>((value, step) => (value as Readonly<Record<string | number, unknown>>)[step], document.value)
  const problem = whyNoObject(object)
  if (problem === undefined) manifests.push({ object: object as Manifest['object'], file: document.source.name, document, path })
  else problems.push({ file: document.source.name, text: document.source.text, position: document.keyAt([...path, ...problem.at]), message: problem.message })
}

function whyNoObject(object: unknown): { readonly message: string; readonly at: Path } | undefined {
  if (!isJsonObject(object)) return { message: 'an object must be a mapping with apiVersion, kind and metadata', at: [] }
  const missing = ['apiVersion', 'kind'].filter((name) => object[name] === undefined || object[name] === '')
  if (missing.length > 0) return { message: `${missing.map((name) => `${name} not set`).join(', ')}: every object begins with both, such as "apiVersion: v1" and "kind: Pod"`, at: [] }
  for (const name of ['apiVersion', 'kind']) if (typeof object[name] !== 'string') return { message: `${name} must be a text`, at: [name] }
  if (object['metadata'] !== undefined && !isJsonObject(object['metadata'])) return { message: 'metadata must be a mapping with a name', at: ['metadata'] }
  return undefined
}
