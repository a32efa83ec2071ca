/** Which labels a node may give itself. PURE. Others would let a node that was taken over draw pods to itself. Rule: Kubernetes' NodeRestriction. */

const OWN: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])

const isWithin = (domain: string, parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`)

function mayGiveItself(label: string): boolean {
  const [domain = '', name] = label.split('/')
  if (name === undefined) return true
  if (isWithin(domain, 'node-restriction.kubernetes.io')) return false
  if (!isWithin(domain, 'kubernetes.io') && !isWithin(domain, 'k8s.io')) return true
  return OWN.has(label) || isWithin(domain, 'kubelet.kubernetes.io') || isWithin(domain, 'node.kubernetes.io')
}

type Labels = Readonly<Record<string, string>>

/** Why a node may not change its labels so; `undefined` if it may. */
export function whyNotNodeLabels(after: Labels, before: Labels): string | undefined {
  const changed = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((label) => after[label] !== before[label])
  return refusedOf(changed, 'is not allowed to modify labels')
}

/** Why a node may not come with these labels; `undefined` if it may. Reads on after the node's name. */
export const whyNotNewNodeLabels = (labels: Labels): string | undefined => refusedOf(Object.keys(labels), 'is not allowed to set the following labels')

function refusedOf(labels: readonly string[], sentence: string): string | undefined {
  const refused = labels.filter((label) => !mayGiveItself(label)).toSorted()
  return refused.length === 0 ? undefined : `${sentence}: ${refused.join(', ')}`
}
