/** The control plane's side of the agents: sessions, assignments, statuses, streams, liveness. */
import type { AgentMessage, Register, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import { keyOf, type KubeObject } from '../../shared/model/meta.ts'
import { configMaps, endpointSlices, nodes, persistentVolumeClaims, persistentVolumes, pods, secrets, serviceAccounts, services, type Resource } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import type { Informers } from '../informers/port.ts'
import type { Admissions } from '../membership/port.ts'
import { isForItself, isForRoutes, POD_NODE_INDEX, podNodes, type AssignmentKind, type AssignmentSources } from './assignments.ts'
import { storeEvent } from './events-intake.ts'
import { whenEvacuated } from './evacuation.ts'
import type { NodeLiveness } from './liveness-port.ts'
import { mirrorStaticPods } from './mirror-pods.ts'
import { createNodeIntake } from './node-intake.ts'
import type { NodeStreams } from './port.ts'
import { createServiceMaps, type ServiceMaps } from './service-maps.ts'
import { NodeSession } from './session.ts'
import { StatusIntake } from './status-intake.ts'
import { createStreamRelay } from './streams.ts'

export interface DispatchOptions {
  readonly client: ApiClient
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly liveness: NodeLiveness
  readonly admissions: Admissions
}

export interface Dispatch {
  readonly streams: NodeStreams
  /** Serves one agent's session until its stream ends. */
  session(nodeName: string, stream: Duplex<ServerMessage, AgentMessage>): Promise<void>
  stream(nodeName: string, stream: Duplex<StreamFrame, StreamFrame>): Promise<void>
  run(signal: AbortSignal): Promise<void>
}

export function createDispatch(options: DispatchOptions): Dispatch {
  const { client, informers, clock, random, log, liveness, admissions } = options
  const podInformer = informers.for(pods)
  const sliceInformer = informers.for(endpointSlices)
  const nodeInformer = informers.for(nodes)
  podInformer.addIndex(POD_NODE_INDEX, podNodes)
  const sources: AssignmentSources = {
    pods: podInformer,
    slices: sliceInformer,
    nodes: nodeInformer,
    services: informers.for(services),
    configMaps: informers.for(configMaps),
    secrets: informers.for(secrets),
    serviceAccounts: informers.for(serviceAccounts),
    claims: informers.for(persistentVolumeClaims),
    volumes: informers.for(persistentVolumes),
  }
  const sessions = new Map<string, NodeSession>()
  const touchAll = (kind: AssignmentKind, key: string): void => {
    for (const session of sessions.values()) session.touch({ kind, key })
  }
  const maps: ServiceMaps = createServiceMaps({
    clock,
    pods: podInformer,
    slices: sliceInformer,
    readers: () => sessions.values(),
    onSlicesChanged: (keys) => {
      for (const key of keys) touchAll('ENDPOINT_SLICE', key)
    },
  })
  const statuses = new StatusIntake({ client, pods: podInformer, nodes: nodeInformer, liveness, clock, log })
  const nodeIntake = createNodeIntake({ client, clock })
  const relay = createStreamRelay({
    clock,
    random,
    ask(nodeName, request) {
      const session = sessions.get(nodeName)
      session?.openStream(request)
      return session !== undefined
    },
  })
  subscribe({ informers, sessions, maps, touchAll })
  const unlisten = liveness.onChange((nodeName) => sessions.get(nodeName)?.livenessChanged())

  async function admit(nodeName: string, stream: Duplex<ServerMessage, AgentMessage>): Promise<Register> {
    const first = await stream.incoming[Symbol.asyncIterator]().next()
    const message = first.done ? undefined : first.value.message
    if (message?.$case !== 'register') throw new Fault('invalid', 'a session begins with Register')
    if (message.value.nodeName !== nodeName) throw new Fault('permission', `the certificate is node ${nodeName}'s, the agent says it is ${message.value.nodeName}`)
    return message.value
  }

  return {
    streams: relay,
    async session(nodeName, stream) {
      const shared = shareIncoming(stream)
      const register = await admit(nodeName, shared)
      const session = new NodeSession(register, {
        nodeName,
        sessionId: newUid(random),
        stream: shared,
        clock,
        log,
        sources,
        maps,
        statuses,
        nodes: nodeIntake,
        storeEvent: (event) => storeEvent(client, event),
        mirrorPods: (said) => mirrorStaticPods({ client, log }, nodeName, said),
        liveness,
        admissions,
        whenEvacuated: (signal) => whenEvacuated(nodeName, { pods: podInformer, liveness }, signal),
        onServing: () => relay.connected(nodeName),
      })
      const before = sessions.get(nodeName)
      if (before && isAnother(before.register, register) && liveness.stateOf(nodeName).kind === 'seen') {
        const message = `another agent is registered as node "${nodeName}" (boot id ${before.register.bootId}): give this one another name, or stop that one`
        admissions.doubled(nodeName, `an agent with boot id ${register.bootId} was refused: ${message}`)
        return session.refuse(message)
      }
      before?.refuse(isAnother(before.register, register) ? `another agent speaks for node "${nodeName}" now (boot id ${register.bootId})` : 'this agent has opened a newer session')
      sessions.set(nodeName, session)
      statuses.forget(nodeName)
      admissions.setSession(nodeName, true, register.bootId)
      try {
        await session.run()
      } finally {
        if (sessions.get(nodeName) === session) {
          sessions.delete(nodeName)
          admissions.setSession(nodeName, false)
        }
        maps.readersChanged()
      }
    },
    stream: (nodeName, stream) => relay.accept(nodeName, stream),
    async run(signal) {
      signal.addEventListener('abort', () => unlisten(), { once: true })
      await statuses.run(signal)
    },
  }
}

const isAnother = (a: Register, b: Register): boolean => a.bootId !== b.bootId

interface Wiring {
  readonly informers: Informers
  readonly sessions: ReadonlyMap<string, NodeSession>
  readonly maps: ServiceMaps
  readonly touchAll: (kind: AssignmentKind, key: string) => void
}

/** Changes of objects become touches of the sessions they may concern. */
function subscribe({ informers, sessions, maps, touchAll }: Wiring): void {
  const each = <T extends KubeObject>(resource: Resource<T>, kind: AssignmentKind): void => {
    informers.for(resource).subscribe(({ key }) => touchAll(kind, key))
  }
  each(configMaps, 'CONFIG_MAP')
  each(secrets, 'SECRET')
  each(serviceAccounts, 'SERVICE_ACCOUNT')
  each(persistentVolumeClaims, 'PERSISTENT_VOLUME_CLAIM')
  each(persistentVolumes, 'PERSISTENT_VOLUME')
  informers.for(services).subscribe(({ key }) => {
    maps.bump()
    touchAll('SERVICE', key)
  })
  informers.for(endpointSlices).subscribe(({ key }) => {
    maps.bump()
    touchAll('ENDPOINT_SLICE', key)
  })
  informers.for(nodes).subscribe(({ key, before, after }) => {
    if (isForRoutes(before, after)) touchAll('NODE', key)
    else if (isForItself(before, after)) sessions.get(key)?.touch({ kind: 'NODE', key })
  })
  informers.for(pods).subscribe(({ before, after }) => {
    const pod = after ?? before
    for (const name of new Set([before?.spec?.nodeName, after?.spec?.nodeName])) if (name && pod) sessions.get(name)?.touch({ kind: 'POD', key: keyOf(pod) })
  })
}

/** A stream whose messages may be read by one reader after another. */
function shareIncoming<Out, In>(stream: Duplex<Out, In>): Duplex<Out, In> {
  const iterator = stream.incoming[Symbol.asyncIterator]()
  const shared: AsyncIterator<In> = { next: () => iterator.next() }
  return { send: (message) => stream.send(message), drained: () => stream.drained(), close: () => stream.close(), incoming: { [Symbol.asyncIterator]: () => shared } }
}
