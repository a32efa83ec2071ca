/** Parameters of requests as OpenAPI tells them. PURE. */

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly type: 'string' | 'integer' | 'boolean'
}

const query = (type: Parameter['type'], ...names: readonly string[]): readonly Parameter[] => names.map((name) => ({ name, in: 'query', type }))

const SELECT = [...query('string', 'continue', 'fieldSelector', 'labelSelector'), ...query('integer', 'limit'), ...query('string', 'resourceVersion', 'resourceVersionMatch'), ...query('boolean', 'sendInitialEvents'), ...query('integer', 'timeoutSeconds')]
const DELETE = [...query('string', 'dryRun'), ...query('integer', 'gracePeriodSeconds'), ...query('boolean', 'ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents'), ...query('string', 'propagationPolicy')]
const WRITE = query('string', 'dryRun', 'fieldManager', 'fieldValidation')
const TERMINAL = [...query('string', 'container'), ...query('boolean', 'stderr', 'stdin', 'stdout', 'tty')]

export const PRETTY: Parameter = { name: 'pretty', in: 'query', type: 'string' }

/** By action; each list by name. */
export const ACTION_PARAMETERS = {
  list: sorted([...SELECT, ...query('boolean', 'allowWatchBookmarks', 'watch')]),
  get: [] as readonly Parameter[],
  post: WRITE,
  put: WRITE,
  patch: sorted([...WRITE, ...query('boolean', 'force')]),
  delete: DELETE,
  deletecollection: sorted([...SELECT, ...DELETE]),
} as const

/** Of subresources that are reached rather than read. */
export const CONNECT_PARAMETERS: Readonly<Record<string, readonly Parameter[]>> = {
  exec: sorted([...TERMINAL, ...query('string', 'command')]),
  attach: TERMINAL,
  portforward: query('integer', 'ports'),
  proxy: query('string', 'path'),
}

export const LOG_PARAMETERS: readonly Parameter[] = sorted([
  ...query('string', 'container', 'stream'),
  ...query('boolean', 'follow', 'insecureSkipTLSVerifyBackend', 'previous', 'timestamps'),
  ...query('integer', 'limitBytes', 'sinceSeconds', 'tailLines'),
])

function sorted(parameters: readonly Parameter[]): readonly Parameter[] {
  return parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** `{namespace}` and `{name}` of a path template. */
export const pathParameters = (template: string): readonly Parameter[] => [...template.matchAll(/\{(\w+)\}/g)].map((match) => ({ name: match[1] ?? '', in: 'path', type: 'string' }))
