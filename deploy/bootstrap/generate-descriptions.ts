/**
 * Makes `shared/model/gen/descriptions.json` (what every type and field of the API means, and every parameter of its requests) from the declarations of
 * `kubernetes-models` and of the client library, whose comments are Kubernetes' own descriptions. Run by the bootstrap.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const target = join(root, 'shared/model/gen/descriptions.json')
const SOURCES = ['node_modules/kubernetes-models', 'node_modules/@kubernetes-models/apimachinery']
const REQUESTS = 'node_modules/@kubernetes/client-node/dist/gen/types/ObjectParamAPI.d.ts'

/** Types that no recorded schema tells of: they are those of discovery. */
const OF_DISCOVERY = [...['APIVersions', 'APIGroup', 'APIGroupList', 'GroupVersionForDiscovery', 'ServerAddressByClientCIDR'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`), 'io.k8s.apimachinery.pkg.version.Info']

/** The options of Kubernetes' requests, and a request that takes all of each. */
const OPTIONS: Readonly<Record<string, string>> = {
  ListOptions: 'ListNamespacedPod',
  CreateOptions: 'CreateNamespacedPod',
  UpdateOptions: 'ReplaceNamespacedPod',
  PatchOptions: 'PatchNamespacedPod',
  DeleteOptions: 'DeleteNamespacedPod',
  PodLogOptions: 'ReadNamespacedPodLog',
  PodExecOptions: 'ConnectGetNamespacedPodExec',
  PodAttachOptions: 'ConnectGetNamespacedPodAttach',
  PodPortForwardOptions: 'ConnectGetNamespacedPodPortforward',
  PodProxyOptions: 'ConnectGetNamespacedPodProxy',
  ServiceProxyOptions: 'ConnectGetNamespacedServiceProxy',
  NodeProxyOptions: 'ConnectGetNodeProxy',
  /** What stands in paths. */
  '{}': 'ConnectGetNamespacedPodProxyWithPath',
}

/** What the library leaves to its base class. */
const COMMON: Readonly<Record<string, string>> = {
  apiVersion:
    'APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources',
  kind: 'Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds',
}

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>
}

const schemas = JSON.parse(readFileSync(join(root, 'shared/model/schemas/schemas.json'), 'utf8')) as Record<string, Schema>

function declarations(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.d.ts') && entry.name !== 'index.d.ts' && !entry.parentPath.includes('_schemas'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** A comment's text without its frame. */
const textOf = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replace(/\\([*@/])/g, '$1')

const TYPE = /\/\*\*\n((?: \*.*\n)*?) \*\/\nexport (?:interface|type) /
const FIELD = /^ {4}\/\*\*\n((?: {5}\*.*\n)*?) {5}\*\/\n {4}"([^"]+)"\??:/gm

interface Described {
  readonly type: string
  readonly fields: ReadonlyMap<string, string>
}

function described(source: string): Described {
  const interfaceEnd = source.indexOf('export declare class')
  const body = interfaceEnd < 0 ? source : source.slice(0, interfaceEnd)
  const fields = new Map<string, string>()
  for (const [, comment = '', name = ''] of body.matchAll(FIELD)) fields.set(name, textOf(comment))
  return { type: textOf(TYPE.exec(body)?.[1] ?? ''), fields }
}

/** `io.k8s.api.core.v1.Pod` and the library's `IIoK8sApiCoreV1Pod` are the same name. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '').toLowerCase()
const aliasOf = (source: string): string | undefined => /export (?:type )?\{[^}]*\bas I(Io\w+)\b/.exec(source)?.[1]

const found = new Map<string, Described>()
for (const folder of SOURCES) {
  for (const file of declarations(join(root, folder))) {
    const source = readFileSync(file, 'utf8')
    const alias = aliasOf(source)
    if (alias !== undefined) found.set(plain(alias), described(source))
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&#39;': "'", '&quot;': '"', '&#x60;': '`', '&#x3D;': '=', '&lt;': '<', '&gt;': '>', '&amp;': '&' }

/** The library writes each text in one line: what began a new paragraph, or a line further in, left its spaces. */
const parameterText = (comment: string): string =>
  comment
    .replaceAll('\\', '')
    .replace(/&#?\w+;/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\. {2}(?=\S)/g, '.\n\n')
    .replace(/ {3}(?=\S)/g, '\n  ')
    .replaceAll(' - `', '\n- `')

const PARAMETER = /^ {4}\/\*\*\n {5}\* (.+)\n(?: {5}\*.*\n)*? {5}\*\/\n {4}_?(\w+)\??:/gm

function parametersOf(request: string): Readonly<Record<string, string>> {
  const begin = `export interface CoreV1Api${request}Request {\n`
  const at = requests.indexOf(begin)
  const texts = Object.fromEntries([...requests.slice(at, requests.indexOf('\n}', at)).matchAll(PARAMETER)].map(([, comment = '', name = '']) => [name, parameterText(comment)]))
  if (at < 0 || Object.keys(texts).length === 0) throw new Error(`the client library does not tell of ${request}`)
  return texts
}

const requests = readFileSync(join(root, REQUESTS), 'utf8')
const result: Record<string, Record<string, string>> = Object.fromEntries(Object.entries(OPTIONS).map(([options, request]) => [options, parametersOf(request)]))
for (const name of [...Object.keys(schemas), ...OF_DISCOVERY]) {
  const known = found.get(plain(name))
  const texts: Record<string, string> = known?.type ? { '': known.type } : {}
  for (const field of Object.keys(schemas[name]?.properties ?? Object.fromEntries(known?.fields ?? []))) {
    const text = known?.fields.get(field) ?? COMMON[field]
    if (text) texts[field] = text
  }
  if (Object.keys(texts).length > 0) result[name] = texts
}
const missing = Object.keys(schemas).filter((name) => !found.has(plain(name)))
if (missing.length > Object.keys(schemas).length / 20) throw new Error(`kubernetes-models does not know ${missing.length} types, among them ${missing.slice(0, 3).join(', ')}`)
mkdirSync(dirname(target), { recursive: true })
writeFileSync(target, JSON.stringify(result))
