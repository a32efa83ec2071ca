/** What expressions may ask about rights: `authorizer.group('').resource('pods').namespace('a').check('create').allowed()`. */
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../shared/model/validation/names.ts'
import type { Apply } from './overloads.ts'
import { CelFault, HostValue, type Value } from './values.ts'

export interface RightsQuery {
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
}

export interface Rights {
  check(query: RightsQuery, verb: string): { readonly allowed: boolean; readonly reason: string }
}

const ROOM = 'kubernetes.authorization'
const AUTHORIZER = `${ROOM}.Authorizer`
const PATH = `${ROOM}.PathCheck`
const GROUP = `${ROOM}.GroupCheck`
const RESOURCE = `${ROOM}.ResourceCheck`
const DECISION = `${ROOM}.Decision`
export const authorizerTypes = { authorizer: AUTHORIZER, resourceCheck: RESOURCE } as const

interface Asking {
  readonly rights: Rights
  readonly query: RightsQuery
}

const asking = (value: Value): Asking => (value as HostValue).held as Asking
const more = (value: Value, type: string, query: RightsQuery): HostValue => {
  const { rights, query: before } = asking(value)
  return new HostValue(type, { rights, query: { ...before, ...query } } satisfies Asking)
}

export const authorizerValue = (rights: Rights): HostValue => new HostValue(AUTHORIZER, { rights, query: {} } satisfies Asking)
export const resourceCheckValue = (rights: Rights, query: RightsQuery): HostValue => new HostValue(RESOURCE, { rights, query } satisfies Asking)

const check: Apply = (value, verb) => {
  const { rights, query } = asking(value)
  return new HostValue(DECISION, rights.check(query, verb as string))
}
const decision = (value: Value): { readonly allowed: boolean; readonly reason: string } => (value as HostValue).held as { readonly allowed: boolean; readonly reason: string }

function notBlank(text: Value, what: string): string {
  if ((text as string).trim() === '') throw new CelFault(`${what} must not be empty`)
  return text as string
}

function account(namespace: string, name: string): { readonly namespace: string; readonly name: string } {
  if (dns1123SubdomainProblems(name).length > 0) throw new CelFault('Invalid service account name')
  if (dns1123LabelProblems(namespace).length > 0) throw new CelFault('Invalid service account namespace')
  return { namespace, name }
}

export const authorization: Readonly<Record<string, Apply>> = {
  [`${AUTHORIZER}.path(string): ${PATH}`]: (value, path) => more(value, PATH, { path: notBlank(path, 'path') }),
  [`${AUTHORIZER}.group(string): ${GROUP}`]: (value, group) => more(value, GROUP, { group: group as string }),
  [`${AUTHORIZER}.serviceAccount(string, string): ${AUTHORIZER}`]: (value, namespace, name) => more(value, AUTHORIZER, { serviceAccount: account(namespace as string, name as string) }),
  [`${PATH}.check(string): ${DECISION}`]: check,
  [`${GROUP}.resource(string): ${RESOURCE}`]: (value, resource) => more(value, RESOURCE, { resource: notBlank(resource, 'resource') }),
  [`${RESOURCE}.subresource(string): ${RESOURCE}`]: (value, subresource) => more(value, RESOURCE, { subresource: subresource as string }),
  [`${RESOURCE}.namespace(string): ${RESOURCE}`]: (value, namespace) => more(value, RESOURCE, { namespace: namespace as string }),
  [`${RESOURCE}.name(string): ${RESOURCE}`]: (value, name) => more(value, RESOURCE, { name: name as string }),
  [`${RESOURCE}.fieldSelector(string): ${RESOURCE}`]: (value, fieldSelector) => more(value, RESOURCE, { fieldSelector: fieldSelector as string }),
  [`${RESOURCE}.labelSelector(string): ${RESOURCE}`]: (value, labelSelector) => more(value, RESOURCE, { labelSelector: labelSelector as string }),
  [`${RESOURCE}.check(string): ${DECISION}`]: check,
  [`${DECISION}.allowed(): bool`]: (value) => decision(value).allowed,
  [`${DECISION}.reason(): string`]: (value) => decision(value).reason,
  [`${DECISION}.errored(): bool`]: () => false,
  [`${DECISION}.error(): string`]: () => '',
}
