/** Parameters of requests as OpenAPI tells them. PURE. */
import type { Descriptions } from './descriptions.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: 'string' | 'integer' | 'boolean'
  /** Kubernetes' type that it is a member of, whose words describe it. */
  readonly of: string
}

type Query = (type: Parameter['type'], ...names: readonly string[]) => readonly Parameter[]
const queryOf = (of: string): Query => (type, ...names) => names.map((name) => ({ name, in: 'query', type, of }))

const list = queryOf('ListOptions')
const SELECT = [...list('string', 'continue', 'fieldSelector', 'labelSelector'), ...list('integer', 'limit'), ...list('string', 'resourceVersion', 'resourceVersionMatch'), ...list('boolean', 'sendInitialEvents'), ...list('integer', 'timeoutSeconds')]
const remove = queryOf('DeleteOptions')
const DELETE = [...remove('string', 'dryRun'), ...remove('integer', 'gracePeriodSeconds'), ...remove('boolean', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents'), ...remove('string', 'propagationPolicy')]
const write = (query: Query): readonly Parameter[] => query('string', 'dryRun', 'fieldManager', 'fieldValidation')
const terminal = (query: Query): readonly Parameter[] => [...query('string', 'container'), ...query('boolean', 'stderr', 'stdin', 'stdout', 'tty')]
const patch = queryOf('PatchOptions')
const exec = queryOf('PodExecOptions')

export const PRETTY: Parameter = { name: 'pretty', in: 'query', type: 'string', of: 'ListOptions' }

/** By action; each list by name. */
export const ACTION_PARAMETERS = {
  list: sorted([...SELECT, ...list('boolean', 'allowWatchBookmarks', 'watch')]),
  get: [] as readonly Parameter[],
  post: write(queryOf('CreateOptions')),
  put: write(queryOf('UpdateOptions')),
  patch: sorted([...write(patch), ...patch('boolean', 'force')]),
  delete: DELETE,
  deletecollection: sorted([...SELECT, ...DELETE]),
} as const

/** Of subresources that are reached rather than read, by the kinds of their options. */
export const CONNECT_PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  PodExecOptions: sorted([...terminal(exec), ...exec('string', 'command')]),
  PodAttachOptions: terminal(queryOf('PodAttachOptions')),
  PodPortForwardOptions: queryOf('PodPortForwardOptions')('integer', 'ports'),
  ...Object.fromEntries(['PodProxyOptions', 'ServiceProxyOptions', 'NodeProxyOptions'].map((of) => [of, queryOf(of)('string', 'path')])),
}

const log = queryOf('PodLogOptions')
export const LOG_PARAMETERS: readonly Parameter[] = sorted([
  ...log('string', 'container', 'stream'),
  ...log('boolean', 'follow', 'insecureSkipTLSVerifyBackend', 'previous', 'timestamps'),
  ...log('integer', 'limitBytes', 'sinceSeconds', 'tailLines'),
])

function sorted(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** `{namespace}` and `{name}` of a path template. */
export const pathParameters = (template: string): readonly Parameter[] => [...template.matchAll(/\{(\w+)\}/g)].map((match) => ({ name: match[1] ?? '', in: 'path', type: 'string', of: '{}' }))

/** In Kubernetes' words; `kind` is what a `{name}` is the name of. */
export const meaningOf = ({ name, in: place, of }: Parameter, kind: string, descriptions: Descriptions): string | undefined => (place === 'path' && name === 'name' ? `name of the ${kind}` : descriptions[of]?.[name])
