import { AGENT_ANNOTATION } from '../../control-plane/dispatch/node-intake.ts'
import { podUidHex } from '../../node-agent/pods/record.ts'
import type { Deployment, EndpointSlice, Pod, ReplicaSet, Service } from '../../shared/model/gen/api.ts'
import { controllerOf, keyOf, nameOf, namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { CHECKPOINTS } from './host.ts'
import { isOutOfService, isPodReady } from './ledger.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

/**
 * What a quiet cluster must look like; each answer is a sentence about what does not. (What must hold at every moment is checked elsewhere: the ledger
 * reads each write, the world each start of a container.)
 *
 * Not asked for yet, because fencing comes later: that a pod removed by force from a node that cannot be reached has stopped there by then.
 */
export function unquiet(world: World): readonly string[] {
  return [...nodesUnquiet(world), ...namesUnquiet(world), ...podsUnquiet(world), ...deploymentsUnquiet(world), ...world.nodes.flatMap((node) => hostUnquiet(world, node)), ...world.nodes.flatMap((node) => servicesUnquiet(world, node))]
}

const CORDON = 'node.kubernetes.io/unschedulable'

function nodesUnquiet(world: World): readonly string[] {
  const stored = world.ledger.nodes()
  return world.nodes.flatMap((node) => {
    const object = stored.find((one) => nameOf(one) === node.name)
    if (!object) return [`node ${node.name} has no object`]
    const taints = (object.spec?.taints ?? []).filter(({ key }) => key !== CORDON)
    const routes = node.host.network.routes.map(({ nodeName, podCidr }) => `${nodeName} ${podCidr}`).toSorted()
    const wanted = stored.filter((one) => nameOf(one) !== node.name).map((one) => `${nameOf(one)} ${one.spec?.podCIDR ?? ''}`).toSorted()
    return [
      ...(world.isNodeReady(node.name) ? [] : [`node ${node.name} is not ready`]),
      ...taints.map(({ key, effect }) => `node ${node.name} has the taint ${key}:${effect}`),
      ...(routes.join() === wanted.join() ? [] : [`node ${node.name} has routes [${routes.join()}] and should have [${wanted.join()}]`]),
      ...(node.host.network.podCidr === object.spec?.podCIDR ? [] : [`node ${node.name} is set up for ${node.host.network.podCidr}, its object says ${object.spec?.podCIDR}`]),
    ]
  })
}

/** What an agent registered under a name that its machine has put off is given up in time: by its lease, or after 40 s if it was never admitted. */
function namesUnquiet(world: World): readonly string[] {
  const left = world.ledger.nodes().filter((one) => one.metadata.annotations?.[AGENT_ANNOTATION] !== undefined && !world.nodes.some(({ name }) => name === nameOf(one)))
  return left.filter((one) => !isOutOfService(one)).map((one) => `node ${nameOf(one)}, whose name no machine bears, is not given up yet`)
}

/** Its readiness probe fails by itself (`workload.ts`). */
export const isNeverReady = (pod: Pod): boolean => pod.spec?.containers.some(({ readinessProbe }) => readinessProbe?.exec?.command?.[0] === 'false') === true

const runs = (pod: Pod): boolean => pod.status?.containerStatuses?.every(({ state }) => state?.running !== undefined) === true

const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
const unschedulable = (pod: Pod): string | undefined => pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.message

/** Every pod runs, is done, or says what is missing. */
function podsUnquiet(world: World): readonly string[] {
  const sets = world.ledger.under<ReplicaSet>('/gantry/apps/replicasets/')
  return world.ledger.pods().flatMap((pod): readonly string[] => {
    const key = keyOf(pod)
    const owner = controllerOf(pod)
    if (pod.metadata.deletionTimestamp !== undefined) return [`pod ${key} is still on its way out`]
    if (owner && !sets.some((set) => uidOf(set) === owner.uid)) return [`pod ${key} belongs to ${owner.name}, which is gone`]
    if (isFinished(pod)) return []
    if (pod.spec?.restartPolicy !== 'Always' && pod.spec?.nodeName) return [`pod ${key} is not done yet`]
    if (isPodReady(pod)) return isNeverReady(pod) ? [`pod ${key} is ready, though its probe fails`] : []
    if (isNeverReady(pod) && runs(pod)) return []
    if (!pod.spec?.nodeName) return unschedulable(pod) ? [] : [`pod ${key} is not bound, and nothing says why`]
    const waits = (pod.status?.containerStatuses ?? []).map(({ state }) => state?.waiting?.reason ?? Object.keys(state ?? {}).join())
    return [`pod ${key} on ${pod.spec.nodeName} is not ready: ${pod.status?.phase} ${waits.join()}`]
  })
}

function deploymentsUnquiet(world: World): readonly string[] {
  const sets = world.ledger.under<ReplicaSet>('/gantry/apps/replicasets/')
  const pods = world.ledger.pods()
  const all = world.ledger.under<Deployment>('/gantry/apps/deployments/')
  const orphans = sets.filter((set) => !all.some((deployment) => uidOf(deployment) === controllerOf(set)?.uid)).map((set) => `replica set ${keyOf(set)} has lost its deployment`)
  return [
    ...orphans,
    ...all.flatMap((deployment): readonly string[] => {
      const key = keyOf(deployment)
      if (deployment.metadata.deletionTimestamp !== undefined) return [`deployment ${key} is still on its way out`]
      const own = sets.filter((set) => controllerOf(set)?.uid === uidOf(deployment))
      const running = pods.filter((pod) => own.some((set) => uidOf(set) === controllerOf(pod)?.uid) && !isFinished(pod))
      const wanted = deployment.spec?.replicas ?? 1
      const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0, observedGeneration = 0 } = deployment.status ?? {}
      const told = `${replicas} replicas, ${updatedReplicas} updated, ${readyReplicas} ready, ${availableReplicas} available`
      const ready = running.filter(isPodReady).length
      if (observedGeneration < (deployment.metadata.generation ?? 0)) return [`deployment ${key} was not looked at since its last change`]
      if (replicas !== running.length || readyReplicas !== ready) return [`deployment ${key} says ${told}; there are ${running.length} pods, ${ready} ready`]
      if (running.length < wanted) return [`deployment ${key} promises ${wanted} replicas and has ${running.length}`]
      const isWaiting = running.some((pod) => isNeverReady(pod) || (unschedulable(pod) !== undefined && !pod.spec?.nodeName))
      return isWaiting || (replicas === wanted && updatedReplicas === wanted && availableReplicas === wanted) ? [] : [`deployment ${key} wants ${wanted} and says ${told}`]
    }),
  ]
}

/** On the machine is what the API says, and nothing else. */
function hostUnquiet(world: World, { name, host }: SimNode): readonly string[] {
  const bound = world.ledger.pods().filter((pod) => pod.spec?.nodeName === name)
  const live = bound.filter((pod) => !isFinished(pod))
  const uids = new Set(bound.map(uidOf))
  const liveUids = new Set(live.map(uidOf))
  const owners = new Set(live.map((pod) => podUidHex(uidOf(pod))))
  const alien = (what: string, found: Iterable<string>, owned: (one: string) => boolean): readonly string[] => [...found].filter((one) => !owned(one)).map((one) => `${name} holds the ${what} ${one}, which no pod owns`)
  const ofPod = (id: string): boolean => owners.has(id.slice(0, 32))
  const checkpoints = [...host.files.contents.keys()].filter((path) => path.startsWith(`${CHECKPOINTS}/`)).map((path) => path.slice(CHECKPOINTS.length + 1).replace('.json', ''))
  return [
    ...alien('container', host.containers.containers.keys(), ofPod),
    // What a second machine under its name has counted on with is not looked for here before the agent's next start.
    ...(world.ledger.doubled.has(name) ? [] : alien('snapshot', host.snapshots.prepared.keys(), ofPod)),
    ...alien('group', host.cgroups.pods.keys(), (uid) => liveUids.has(uid)),
    ...alien('checkpoint', checkpoints, (uid) => uids.has(uid)),
    ...live.flatMap((pod) => containersUnquiet(pod, name, host)),
  ]
}

/** As {@link unquiet}, for what can only be asked and not seen. */
export async function leftovers(world: World): Promise<readonly string[]> {
  const found = await Promise.all(
    world.nodes.map(async ({ name, host }) => {
      const live = new Set(world.ledger.pods().filter((pod) => pod.spec?.nodeName === name && !isFinished(pod)).map(uidOf))
      const alien = (what: string, uids: readonly string[]): readonly string[] => uids.filter((uid) => !live.has(uid)).map((uid) => `${name} holds the ${what} of ${uid}, which is no pod of it`)
      return [...alien('network', await host.network.list()), ...alien('volumes', await host.volumes.list())]
    }),
  )
  return found.flat()
}

function containersUnquiet(pod: Pod, nodeName: string, host: SimNode['host']): readonly string[] {
  const running = host.running().filter(({ spec }) => spec.id.startsWith(podUidHex(uidOf(pod))))
  const told = (pod.status?.containerStatuses ?? []).flatMap(({ state, containerID }) => (state?.running && containerID ? [containerID.replace(/^.*:\/\//, '')] : []))
  const [real, said] = [running.map(({ spec }) => spec.id).toSorted().join(), [...told].toSorted().join()]
  return real === said ? [] : [`${nodeName} runs [${real}] for ${keyOf(pod)}, its status says [${said}]`]
}

/** Who calls a service reaches its ready pods, from every node. */
function servicesUnquiet(world: World, { name, host }: SimNode): readonly string[] {
  const pods = world.ledger.pods()
  const slices = world.ledger.under<EndpointSlice>('/gantry/discovery.k8s.io/endpointslices/')
  const services = world.ledger.under<Service>('/gantry/core/services/').filter(({ spec }) => spec?.selector !== undefined)
  const gone = host.network.services.filter((port) => !world.ledger.under<Service>('/gantry/core/services/').some((service) => port.name.startsWith(`${keyOf(service)}:`) || port.name === keyOf(service))).map((port) => `${name} still serves ${port.name}`)
  const orphans = slices.filter((slice) => slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io' && !services.some((service) => nameOf(service) === slice.metadata.labels?.['kubernetes.io/service-name'])).map((slice) => `endpoint slice ${keyOf(slice)} has lost its service`)
  return [
    ...gone,
    ...orphans,
    ...services.flatMap((service): readonly string[] => {
      const selector = Object.entries(service.spec?.selector ?? {})
      const wanted = pods.filter((pod) => namespaceOf(pod) === namespaceOf(service) && isPodReady(pod) && selector.every(([key, value]) => pod.metadata.labels?.[key] === value)).map(({ status }) => `${status?.podIP}:8080`)
      const ports = host.network.services.filter((port) => port.name.startsWith(`${keyOf(service)}:`) || port.name === keyOf(service))
      if (ports.length === 0) return [`${name} does not serve ${keyOf(service)}`]
      const [there, should] = [ports.flatMap(({ endpoints }) => endpoints.map(({ ip, port }) => `${ip}:${port}`)).toSorted().join(), wanted.toSorted().join()]
      return there === should ? [] : [`${name} leads ${keyOf(service)} to [${there}], the ready pods are [${should}]`]
    }),
  ]
}
