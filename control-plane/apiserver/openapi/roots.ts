/** What stands beside the group versions: the lists of versions and groups, each group, and the pages that are no API. PURE. */
import type { Schema } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredVersion } from '../discovery/groups.ts'
import { isCustom } from './kinds.ts'
import { groupPrefix, groupTag } from './names.ts'
import type { Operation } from './operations.ts'

/** One document of its own, and a part of the one of all. */
export interface Root {
  /** `apis/apps`: where it stands under `/openapi/v3`. */
  readonly name: string
  readonly tag: string
  readonly operation: Operation
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const JSON_ONLY = ['application/json']

const text: Schema = { type: 'string' }
const word: Schema = { type: 'string', default: '' }
const ref = (name: string): string => `#/components/schemas/${META}.${name}`
const listOf = (items: Schema): Schema => ({ type: 'array', items, 'x-kubernetes-list-type': 'atomic' })
const kind = (name: string, required: readonly string[], properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required,
  properties: { apiVersion: text, kind: text, ...properties },
  'x-kubernetes-group-version-kind': [{ group: '', kind: name, version: 'v1' }],
})
const texts = (schema: Schema, names: readonly string[]): Readonly<Record<string, Schema>> => Object.fromEntries(names.map((name) => [name, schema]))

const VERSION_WORDS = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']

/** Types that no kind of the API has anything to do with. */
const types: Readonly<Record<string, Schema>> = {
  [`${META}.APIVersions`]: kind('APIVersions', ['versions', 'serverAddressByClientCIDRs'], { serverAddressByClientCIDRs: listOf({ $ref: ref('ServerAddressByClientCIDR') }), versions: listOf(word) }),
  [`${META}.APIGroup`]: kind('APIGroup', ['name', 'versions'], {
    name: word,
    preferredVersion: { default: {}, allOf: [{ $ref: ref('GroupVersionForDiscovery') }] },
    serverAddressByClientCIDRs: listOf({ $ref: ref('ServerAddressByClientCIDR') }),
    versions: listOf({ $ref: ref('GroupVersionForDiscovery') }),
  }),
  [`${META}.APIGroupList`]: kind('APIGroupList', ['groups'], { groups: listOf({ $ref: ref('APIGroup') }) }),
  [`${META}.GroupVersionForDiscovery`]: { type: 'object', required: ['groupVersion', 'version'], properties: texts(word, ['groupVersion', 'version']) },
  [`${META}.ServerAddressByClientCIDR`]: { type: 'object', required: ['clientCIDR', 'serverAddress'], properties: texts(word, ['clientCIDR', 'serverAddress']) },
  'io.k8s.apimachinery.pkg.version.Info': { type: 'object', required: VERSION_WORDS, properties: { ...texts(word, VERSION_WORDS), ...texts(text, ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor']) } },
}

export const rootSchema = (name: string): Schema | undefined => types[name]

const read = (path: string, id: string, more: Pick<Operation, 'description' | 'responses'> & Partial<Operation>): Operation => ({ path, method: 'get', id, parameters: [], ...more })

const fixed: readonly Root[] = [
  { name: '.well-known/openid-configuration', tag: 'WellKnown', operation: read('/.well-known/openid-configuration/', 'getServiceAccountIssuerOpenIDConfiguration', { description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'", responses: { 200: '' }, types: JSON_ONLY }) },
  { name: 'api', tag: 'core', operation: read('/api/', 'getCoreAPIVersions', { description: 'get available API versions', responses: { 200: `${META}.APIVersions` } }) },
  { name: 'apis', tag: 'apis', operation: read('/apis/', 'getAPIVersions', { description: 'get available API versions', responses: { 200: `${META}.APIGroupList` } }) },
  { name: 'openid/v1/jwks', tag: 'openid', operation: read('/openid/v1/jwks/', 'getServiceAccountIssuerOpenIDKeyset', { description: 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)', responses: { 200: '' }, types: ['application/jwk-set+json'] }) },
  { name: 'version', tag: 'version', operation: read('/version/', 'getCodeVersion', { description: 'get the version information for this server', responses: { 200: 'io.k8s.apimachinery.pkg.version.Info' }, types: JSON_ONLY }) },
]

/** Groups of definitions have none. */
export function rootsOf(versions: readonly DiscoveredVersion[]): readonly Root[] {
  const groups = [...new Set(versions.filter((version) => version.group !== '' && !isCustom(version)).map(({ group }) => group))]
  return [...fixed, ...groups.map(groupRoot)]
}

const groupRoot = (group: string): Root => ({
  name: `apis/${group}`,
  tag: groupTag(group),
  operation: read(`/apis/${group}/`, `get${groupPrefix(group)}APIGroup`, { description: 'get information of a group', responses: { 200: `${META}.APIGroup` } }),
})
