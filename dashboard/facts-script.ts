/** The part of the page's script that knows what the API's objects mean. */
export const FACTS_SCRIPT = String.raw`
const SUFFIXES = { n: 1e-9, u: 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 }

/** '250m' is 0.25, '1Gi' is 1073741824; what cannot be read counts as nothing. */
function amount(text) {
  const [, digits, suffix] = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(String(text === undefined ? 0 : text)) || []
  const value = Number(digits) * (suffix ? SUFFIXES[suffix] : 1)
  return Number.isFinite(value) ? value : 0
}

const cores = (value) => String(Math.round(value * 1000) / 1000)
const bytes = (value) => value >= 2 ** 30 ? (value / 2 ** 30).toFixed(1) + ' Gi' : Math.round(value / 2 ** 20) + ' Mi'
const share = (part, whole) => whole > 0 ? ' (' + Math.round(part / whole * 100) + '%)' : ''

const isOver = (pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
const isSidecar = (container) => container.restartPolicy === 'Always'
const requestOf = (part, resource) => amount(part?.resources?.requests?.[resource])

/** What the scheduler counts for a pod: its containers together with its sidecars, or its largest init container beside the sidecars before it. */
function requested(pod, resource) {
  let sidecars = 0
  let largest = 0
  for (const container of pod.spec.initContainers || []) {
    const own = requestOf(container, resource)
    if (isSidecar(container)) sidecars += own
    largest = Math.max(largest, isSidecar(container) ? sidecars : sidecars + own)
  }
  const together = pod.spec.containers.reduce((sum, container) => sum + requestOf(container, resource), sidecars)
  const counted = pod.spec.resources?.requests?.[resource] === undefined ? Math.max(together, largest) : requestOf(pod.spec, resource)
  return counted + amount(pod.spec.overhead?.[resource])
}

const conditionOf = (object, type) => (object.status?.conditions || []).find((condition) => condition.type === type)

const isGivenUp = ({ spec }) => (spec?.taints || []).some(({ key, effect }) => key === 'node.kubernetes.io/out-of-service' && effect === 'NoExecute')

/** In words, and how it is: 'good', 'wait' or 'bad'. */
function nodeState(node) {
  const { status, message } = conditionOf(node, 'Ready') || {}
  const isReady = status === 'True'
  const known = isReady ? 'Ready' : status === 'Unknown' ? 'Unknown (not heard of)' : 'Not ready'
  const words = isGivenUp(node) ? (isReady ? 'Given up, coming back' : 'Given up: its pods run elsewhere') : known
  // What was decided, and why, is said in the condition.
  const told = (isReady || !message ? words : words + '. ' + message) + (node.spec?.unschedulable ? ' (cordoned)' : '')
  return { words: told, mood: !isReady ? 'bad' : isGivenUp(node) || node.spec?.unschedulable ? 'wait' : 'good' }
}

const statusesOf = (pod) => [...(pod.status?.initContainerStatuses || []), ...(pod.status?.containerStatuses || [])]

function podState(pod) {
  const phase = pod.status?.phase || 'Unknown'
  if (pod.metadata.deletionTimestamp) return { words: phase + ', terminating', mood: 'wait' }
  const reason = statusesOf(pod).map((status) => status.state?.waiting?.reason).find((found) => found && found !== 'ContainerCreating' && found !== 'PodInitializing') || pod.status?.reason
  if (reason) return { words: phase + ': ' + reason, mood: 'bad' }
  if (phase === 'Pending' && !pod.spec.nodeName) return { words: 'Pending: not placed', mood: 'wait' }
  if (phase === 'Running') return conditionOf(pod, 'Ready')?.status === 'True' ? { words: phase, mood: 'good' } : { words: 'Running, not ready', mood: 'wait' }
  return { words: phase, mood: phase === 'Succeeded' ? 'good' : phase === 'Pending' ? 'wait' : 'bad' }
}

function podReady(pod) {
  const counted = [...pod.spec.containers, ...(pod.spec.initContainers || []).filter(isSidecar)].map(({ name }) => name)
  return statusesOf(pod).filter(({ name, ready }) => ready && counted.includes(name)).length + ' of ' + counted.length
}

const restarts = (pod) => statusesOf(pod).reduce((sum, status) => sum + (status.restartCount || 0), 0)
const addressOf = (node) => (node.status?.addresses || []).find(({ type }) => type === 'InternalIP')?.address || 'none'

function nodeUse(node, pods, resource) {
  const used = pods.filter((pod) => !isOver(pod)).reduce((sum, pod) => sum + requested(pod, resource), 0)
  const whole = amount(node.status?.allocatable?.[resource])
  const words = resource === 'cpu' ? cores : bytes
  return words(used) + ' of ' + words(whole) + share(used, whole)
}

function deploymentState({ spec, status = {}, metadata }) {
  const wanted = spec.replicas === undefined ? 1 : spec.replicas
  const seen = (status.observedGeneration || 0) >= (metadata.generation || 0)
  const whole = seen && (status.updatedReplicas || 0) === wanted && (status.availableReplicas || 0) === wanted && (status.replicas || 0) === wanted
  if (whole) return { words: 'Complete', mood: 'good' }
  const stuck = (status.conditions || []).find(({ type, status: value }) => type === 'Progressing' && value === 'False')
  return stuck ? { words: 'Stuck: ' + stuck.reason, mood: 'bad' } : { words: 'In progress', mood: 'wait' }
}

/** What /gantry/v1/why answers, as lines. */
function whyLines({ pod, decision, now }) {
  const lines = []
  if (!decision) lines.push(pod.nodeName ? 'On ' + pod.nodeName + '; what the scheduler weighed is not known any more.' : 'The scheduler has not looked at it yet.')
  else if (decision.kind === 'unschedulable') lines.push('No node can take it (' + decision.decidedAt + ').', decision.message)
  else {
    lines.push('On ' + (pod.nodeName || decision.node) + ': the best of ' + decision.feasible + ' that could take it (' + decision.decidedAt + ').')
    for (const one of [decision, ...decision.runnersUp]) lines.push('  ' + one.node + ': score ' + Math.round(one.score * 10) / 10)
  }
  for (const [reason, count] of Object.entries(decision?.refusals || {})) lines.push('  ' + count + (count === 1 ? ' node: ' : ' nodes: ') + reason)
  if (!pod.nodeName && now) {
    for (const verdict of now.verdicts) lines.push('  now, ' + verdict.node + (verdict.node === now.nearestMiss ? ' (nearest miss)' : '') + ': ' + (verdict.kind === 'feasible' ? 'could take it' : verdict.by.map(({ reasons, detail }) => [...reasons, ...(detail ? [detail] : [])].join('; ')).join('; ')))
  }
  return lines
}
`
