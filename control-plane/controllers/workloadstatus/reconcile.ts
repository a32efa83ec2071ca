/**
 * Tells of StatefulSets, DaemonSets and Jobs that their spec was seen and what is there of them. It makes no pods: the controllers that do
 * will take the place of this room.
 */
import type { Job, Node } from '../../../shared/model/gen/api.ts'
import { deepEqual, type Json } from '../../../shared/model/json.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import { controllerOf, keyOf, type KubeObject, nameOf, namespaceOf, objectKey, uidOf } from '../../../shared/model/meta.ts'
import { daemonSets, jobs, nodes, pods, type Resource, statefulSets } from '../../../shared/model/resources.ts'
import type { Change } from '../../informers/port.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { BY_CONTROLLER, byController } from '../ownership/indexes.ts'
import { daemonSetStatus, jobStatus, statefulSetStatus } from './plan.ts'

export function createWorkloadStatusControllers(parts: ControllerParts): readonly Controller[] {
  const { informers, clock } = parts
  informers.for(pods).addIndex(BY_CONTROLLER, byController)
  const podsOf = (object: KubeObject) => informers.for(pods).byIndex(BY_CONTROLLER, uidOf(object))
  return [
    statusController(parts, { name: 'statefulset-status', resource: statefulSets, statusOf: (set) => statefulSetStatus(set, podsOf(set), clock.nowMs()), watchesNodes: false }),
    statusController(parts, { name: 'daemonset-status', resource: daemonSets, statusOf: (set) => daemonSetStatus({ set, pods: podsOf(set), nodes: informers.for(nodes).list(), nowMs: clock.nowMs() }), watchesNodes: true }),
    statusController(parts, { name: 'job-status', resource: jobs, statusOf: (job: Job) => jobStatus(job, clock.nowMs()), watchesNodes: false }),
  ]
}

interface WithStatus extends KubeObject {
  readonly status?: object | undefined
}

interface Telling<T extends WithStatus> {
  readonly name: string
  readonly resource: Resource<T>
  statusOf(object: T): object
  readonly watchesNodes: boolean
}

function statusController<T extends WithStatus>({ informers, client }: ControllerParts, { name, resource, statusOf, watchesNodes }: Telling<T>): Controller {
  const informer = informers.for(resource)
  if (watchesNodes) informers.for(nodes)
  return {
    name,
    workers: 2,
    start(enqueue) {
      const stops = [
        informer.subscribe(({ key, after }) => after && enqueue(key)),
        informers.for(pods).subscribe(({ before, after }) => {
          for (const pod of [before, after]) {
            const owner = pod && controllerOf(pod)
            if (owner?.kind === resource.kind) enqueue(objectKey(namespaceOf(pod ?? { metadata: {} }), owner.name))
          }
        }),
        ...(watchesNodes ? [informers.for(nodes).subscribe((change) => decides(change) && [...informer.list()].forEach((object) => enqueue(keyOf(object))))] : []),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(key) {
      const object = informer.get(key)
      const status = object && mergeDiff(object.status, statusOf(object))
      if (!object || !status) return done
      const at = { namespace: namespaceOf(object), name: nameOf(object) }
      await client.patch(resource, at, { type: 'merge', subresource: 'status', body: { metadata: { uid: uidOf(object) }, status } }).catch(ignoreMissing)
      return done
    },
  }
}

/** Nodes report all the time; whether a daemon belongs on one turns on little of it. */
const decides = ({ before, after }: Change<Node>): boolean => !deepEqual(decisive(before), decisive(after))
const decisive = (node: Node | undefined): Json => (node ? ({ labels: node.metadata.labels ?? {}, taints: node.spec?.taints ?? [] } as unknown as Json) : null)
