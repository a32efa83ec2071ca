import type { Status } from '../../../shared/model/gen/api.ts'
import type { Attributes } from './attributes.ts'

const quote = (text: string): string => JSON.stringify(text)

/** The 403 answer for a refused request, in Kubernetes' words. `reason` is the authorizers', empty if they gave none. */
export function forbiddenStatus(wanted: Attributes, reason: string): Status {
  const sentence = reason === '' ? describe(wanted) : `${describe(wanted)}: ${reason}`
  const base = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403 }
  if (wanted.kind === 'path') return { ...base, message: `forbidden: ${sentence}`, details: {} }
  const qualified = wanted.group === '' ? wanted.resource : `${wanted.resource}.${wanted.group}`
  const subject = wanted.name === '' ? qualified : `${qualified} ${quote(wanted.name)}`
  const details = { ...(wanted.name === '' ? {} : { name: wanted.name }), ...(wanted.group === '' ? {} : { group: wanted.group }), kind: wanted.resource }
  return { ...base, message: `${subject} is forbidden: ${sentence}`, details }
}

function describe(wanted: Attributes): string {
  const who = `User ${quote(wanted.user.name)} cannot ${wanted.verb}`
  if (wanted.kind === 'path') return `${who} path ${quote(wanted.path)}`
  const resource = wanted.subresource === '' ? wanted.resource : `${wanted.resource}/${wanted.subresource}`
  const where = wanted.namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(wanted.namespace)}`
  return `${who} resource ${quote(resource)} in API group ${quote(wanted.group)} ${where}`
}
