/** A kubeconfig as it is used: several files made one, the first that says a thing being right. */

export interface ClusterEntry {
  readonly server?: string
  readonly 'certificate-authority'?: string
  readonly 'certificate-authority-data'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  readonly 'tls-server-name'?: string
}

export interface UserEntry {
  readonly 'client-certificate'?: string
  readonly 'client-certificate-data'?: string
  readonly 'client-key'?: string
  readonly 'client-key-data'?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly exec?: unknown
}

export interface ContextEntry {
  readonly cluster?: string
  readonly user?: string
  readonly namespace?: string
}

/** By name. Paths in the entries are absolute. */
export interface Kubeconfig {
  readonly clusters: ReadonlyMap<string, ClusterEntry>
  readonly users: ReadonlyMap<string, UserEntry>
  readonly contexts: ReadonlyMap<string, ContextEntry>
  readonly currentContext: string
}

interface Named {
  readonly name?: unknown
  readonly [entry: string]: unknown
}

const PATHS: ReadonlySet<string> = new Set(['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'])

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Relative paths are meant from the file they stand in. */
function placed(entry: Readonly<Record<string, unknown>>, folder: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, PATHS.has(key) && typeof value === 'string' && value !== '' && !value.startsWith('/') ? `${folder}/${value}` : value]))
}

function collect(documents: readonly LoadedFile[], list: string, entry: string): ReadonlyMap<string, object> {
  const found = new Map<string, object>()
  for (const { content, folder } of documents) {
    const items = content[list]
    for (const item of Array.isArray(items) ? (items as readonly Named[]) : []) {
      const inner = isObject(item) ? item[entry] : undefined
      if (isObject(item) && typeof item.name === 'string' && !found.has(item.name)) found.set(item.name, isObject(inner) ? placed(inner, folder) : {})
    }
  }
  return found
}

export interface LoadedFile {
  readonly content: Readonly<Record<string, unknown>>
  /** The folder of the file. */
  readonly folder: string
}

export function mergeFiles(files: readonly LoadedFile[]): Kubeconfig {
  const current = files.map(({ content }) => content['current-context']).find((name) => typeof name === 'string' && name !== '')
  return {
    clusters: collect(files, 'clusters', 'cluster') as ReadonlyMap<string, ClusterEntry>,
    users: collect(files, 'users', 'user') as ReadonlyMap<string, UserEntry>,
    contexts: collect(files, 'contexts', 'context') as ReadonlyMap<string, ContextEntry>,
    currentContext: typeof current === 'string' ? current : '',
  }
}
