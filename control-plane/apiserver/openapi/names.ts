/** How operations and tags are called. PURE. */

/** With its first letter large. */
export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

const wordsOf = (group: string): readonly string[] => (group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.'))

/** `RbacAuthorization`. */
export const groupPrefix = (group: string): string => wordsOf(group).map(capital).join('')

/** `rbacAuthorization`. */
export function groupTag(group: string): string {
  const [first = '', ...rest] = wordsOf(group)
  return `${first}${rest.map(capital).join('')}`
}

/** `CoreV1`, `RbacAuthorizationV1`: stands in every operation's name. */
export const operationPrefix = (group: string, version: string): string => `${groupPrefix(group)}${capital(version)}`

/** `core_v1`, `rbacAuthorization_v1`. */
export const tagOf = (group: string, version: string): string => `${groupTag(group)}_${version}`

/** `/api/v1`, `/apis/apps/v1`. */
export const rootOf = (version: { readonly group: string; readonly version: string }): string => (version.group === '' ? `/api/${version.version}` : `/apis/${version.group}/${version.version}`)
