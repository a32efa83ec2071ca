import { createHash } from 'node:crypto'
import { parse } from 'yaml'
import { messageOf } from '../../shared/kit/faults.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { decodeObject } from '../../shared/model/schemas/decode.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { formatNanoTime } from '../../shared/model/time.ts'

export interface StaticFile {
  readonly path: string
  readonly text: string
  readonly nodeName: string
  readonly nowMs: number
}

export type ParsedFile = { readonly kind: 'pod'; readonly pod: Pod } | { readonly kind: 'refused'; readonly message: string }

const DNS_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

const POD = 'io.k8s.api.core.v1.Pod'

/** The pod of a file, as kubelet makes it: named for its node, told apart by a hash of what the file says. Whatever the file says: it throws nothing. */
export function parseStaticPod(file: StaticFile): ParsedFile {
  try {
    return podOf(file)
  } catch (error) {
    return { kind: 'refused', message: `it cannot be read: ${messageOf(error)}` }
  }
}

function podOf({ path, text, nodeName, nowMs }: StaticFile): ParsedFile {
  let parsed: unknown
  try {
    parsed = parse(text)
  } catch (error) {
    return { kind: 'refused', message: `it is neither YAML nor JSON: ${(error as Error).message.split('\n')[0] ?? ''}` }
  }
  if (!isJsonObject(parsed as Json)) return { kind: 'refused', message: 'it holds no object' }
  const { apiVersion, kind } = parsed as JsonObject
  if (kind !== 'Pod' || apiVersion !== 'v1') return { kind: 'refused', message: `it holds ${String(apiVersion)} ${String(kind)}, not a v1 Pod` }
  const { object, typeError } = decodeObject(POD, parsed as JsonObject)
  if (typeError !== undefined) return { kind: 'refused', message: typeError }
  const { metadata, spec } = object as unknown as Pod
  if (typeof metadata?.name !== 'string' || !DNS_NAME.test(metadata.name)) return { kind: 'refused', message: 'its metadata.name is missing or no name' }
  if (spec?.containers === undefined || spec.containers.length === 0 || [...spec.containers, ...(spec.initContainers ?? [])].some(({ name, image }) => !name || !image)) return { kind: 'refused', message: 'its containers need a name and an image each' }
  const hash = createHash('md5').update(`${nodeName}\0${path}\0${text}`).digest('hex')
  return {
    kind: 'pod',
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...metadata,
        name: `${metadata.name}-${nodeName.toLowerCase()}`,
        namespace: metadata.namespace ?? 'default',
        uid: hash,
        annotations: { ...metadata.annotations, 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.seen': formatNanoTime(nowMs), 'kubernetes.io/config.source': 'file' },
      },
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        enableServiceLinks: true,
        schedulerName: 'default-scheduler',
        securityContext: {},
        ...spec,
        nodeName,
        tolerations: [...(spec.tolerations ?? []).filter((one) => !(one.operator === 'Exists' && one.key === undefined && one.effect === 'NoExecute')), { operator: 'Exists', effect: 'NoExecute' }],
        containers: spec.containers.map(withDefaults),
        ...(spec.initContainers && { initContainers: spec.initContainers.map(withDefaults) }),
      },
      status: { phase: 'Pending', qosClass: qosOf(spec.containers) },
    },
  }
}

/** Without a tag, or with the one that moves. */
const isMoving = (image: string): boolean => image.endsWith(':latest') || !/[:@][^/]*$/.test(image)

/** What the API server would have filled in, as far as this node asks for it. */
const withDefaults = (container: Container): Container => ({
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: isMoving(container.image ?? '') ? 'Always' : 'IfNotPresent',
  resources: {},
  ...container,
  ...(container.ports && { ports: container.ports.map((port) => ({ protocol: 'TCP', ...port })) }),
})

/** Enough for what the file alone can say. */
function qosOf(containers: readonly Container[]): string {
  const says = containers.map(({ resources }) => ({ ...resources?.limits, ...resources?.requests }))
  if (says.every((amounts) => Object.keys(amounts).length === 0)) return 'BestEffort'
  const isGuaranteed = containers.every(({ resources }) => ['cpu', 'memory'].every((name) => resources?.limits?.[name] !== undefined && (resources.requests?.[name] ?? resources.limits[name]) === resources.limits[name]))
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}
