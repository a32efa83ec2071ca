/** Objects and lists of them. */
import type { ApiObject } from '../cluster/cluster.ts'
import { apiVersionOf } from '../cluster/resources.ts'

/** The list as kubectl writes it: a plain `List` that holds whatever was found. */
export const asList = (items: readonly ApiObject[]): ApiObject => ({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } })

export const isList = (object: ApiObject): boolean => Array.isArray(object['items']) && (object.kind ?? '').endsWith('List')

export const itemsOf = (object: ApiObject): readonly ApiObject[] => (isList(object) ? (object['items'] as readonly ApiObject[]) : [object])

const groupOf = (apiVersion: string | undefined): string => (apiVersion?.includes('/') ? (apiVersion.split('/')[0] ?? '') : '')

/** `deployment.apps/web` */
export const nameOf = ({ apiVersion, kind, metadata }: ApiObject): string => `${(kind ?? '').toLowerCase()}${groupOf(apiVersion) === '' ? '' : `.${groupOf(apiVersion)}`}/${metadata?.name ?? ''}`

/** A list's items with what the server leaves out of them: version and kind. */
export const namedItems = (list: ApiObject, of: { readonly group: string; readonly version: string; readonly kind: string }): readonly ApiObject[] =>
  ((list['items'] as readonly ApiObject[] | null | undefined) ?? []).map((item) => ({ apiVersion: apiVersionOf(of), kind: of.kind, ...item }))
