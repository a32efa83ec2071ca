/** What an operation does, in the words that Kubernetes has for it. PURE. */
import type { Operation } from './operations.ts'

const DEPRECATED = "deprecated: use the 'watch' parameter with a list operation instead"

export function describe({ action, gvk, parent, path, method, description }: Operation): string {
  const kind = parent ?? gvk?.kind ?? ''
  const part = /\{name\}\/(\w+)/.exec(path)?.[1]
  const whole = part === undefined ? '' : `${part} of `
  switch (action) {
    case undefined:
      return description ?? 'get available resources'
    case 'list':
      return `list or watch objects of kind ${kind}`
    case 'get':
      return `read ${whole}the specified ${kind}`
    case 'post':
      return part === undefined ? `create ${article(kind)} ${kind}` : `create ${part} of ${article(kind)} ${kind}`
    case 'put':
      return `replace ${whole}the specified ${kind}`
    case 'patch':
      return `partially update ${whole}the specified ${kind}`
    case 'delete':
      return `delete ${article(kind)} ${kind}`
    case 'deletecollection':
      return `delete collection of ${kind}`
    case 'watch':
      return `watch changes to an object of kind ${kind}. ${DEPRECATED}, filtered to a single item with the 'fieldSelector' parameter.`
    case 'watchlist':
      return `watch individual changes to a list of ${kind}. ${DEPRECATED}.`
    case 'connect':
      return `connect ${method.toUpperCase()} requests to ${part ?? ''} of ${kind}`
    default:
      return ''
  }
}

const article = (kind: string): string => (/^[AEIOU]/.test(kind) ? 'an' : 'a')
