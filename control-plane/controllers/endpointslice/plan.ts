/** How a service's endpoints are packed into slices with the fewest writes. PURE. */
import type { Endpoint, EndpointSlice, Node, Pod, Service } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { uidOf } from '../../../shared/model/meta.ts'
import { services } from '../../../shared/model/resources.ts'
import { controllerReference } from '../pod-control/template.ts'
import { withTriggerTime } from '../pod-control/trigger-time.ts'
import { endpointOf, isBehind, portsOf, type AddressType, type EndpointPorts } from './endpoints.ts'

export const MANAGER = 'endpointslice-controller.k8s.io'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const SERVICE_NAME = 'kubernetes.io/service-name'
const HEADLESS = 'service.kubernetes.io/headless'
export const MAX_ENDPOINTS = 100

export interface SlicesView {
  readonly service: Service
  /** Those its selector matches. */
  readonly pods: readonly Pod[]
  readonly nodeOf: (name: string) => Node | undefined
  /** Made by this controller for a service of this name: this one, or one before it. */
  readonly slices: readonly EndpointSlice[]
  /** See {@link TriggerTimes}. */
  readonly triggeredAt?: string | undefined
}

export interface SlicesPlan {
  readonly create: readonly EndpointSlice[]
  readonly update: readonly EndpointSlice[]
  readonly remove: readonly EndpointSlice[]
}

/** Services without a selector, and those that only name another host, are none of this controller's business. */
export const isManaged = (service: Service): boolean => service.spec?.selector !== undefined && Object.keys(service.spec.selector).length > 0 && service.spec.type !== 'ExternalName'

export function planSlices(view: SlicesView): SlicesPlan {
  const types = addressTypesOf(view.service)
  const strange = view.slices.filter(({ addressType }) => !types.includes(addressType as AddressType))
  const plans = types.map((type) => planType(view, type))
  const stamped = (slices: readonly EndpointSlice[]): readonly EndpointSlice[] => slices.map((slice) => withTriggerTime(slice, view.triggeredAt))
  return { create: stamped(plans.flatMap(({ create }) => create)), update: stamped(plans.flatMap(({ update }) => update)), remove: [...strange, ...plans.flatMap(({ remove }) => remove)] }
}

function addressTypesOf(service: Service): readonly AddressType[] {
  const families = service.spec?.ipFamilies ?? []
  if (families.length > 0) return families as readonly AddressType[]
  return [service.spec?.clusterIP?.includes(':') ? 'IPv6' : 'IPv4']
}

interface Group {
  readonly ports: EndpointPorts
  readonly endpoints: Map<string, Endpoint>
}

function planType(view: SlicesView, type: AddressType): SlicesPlan {
  const wanted = groupsOf(view, type)
  const ofType = view.slices.filter(({ addressType }) => addressType === type)
  const existing = ofType.filter((slice) => isOwn(view.service, slice))
  const create: EndpointSlice[] = []
  const update: EndpointSlice[] = []
  const remove = existing.filter((slice) => !wanted.has(portsKey(slice.ports ?? [])))
  for (const [key, group] of wanted) {
    const packed = pack(view.service, group, { type, existing: existing.filter((slice) => portsKey(slice.ports ?? []) === key) })
    create.push(...packed.create)
    update.push(...packed.update)
    remove.push(...packed.remove)
  }
  const { remove: unwanted, ...plan } = inPlace(withPlaceholder(view.service, { create, update, remove }, { type, existing }))
  return { ...plan, remove: [...unwanted, ...ofType.filter((slice) => !existing.includes(slice))] }
}

/** A slice of an earlier service of that name is on its way out with it. */
const isOwn = (service: Service, slice: EndpointSlice): boolean => (slice.metadata.ownerReferences ?? []).some(({ kind, apiVersion, uid }) => kind === 'Service' && apiVersion === 'v1' && uid === uidOf(service))

/** What would be made takes the place of what would be removed: so nobody sees both for a moment, nor neither. Nothing of the old one stays but its name. */
function inPlace({ create, update, remove }: SlicesPlan): SlicesPlan {
  const replaced = create.flatMap((next, index): readonly EndpointSlice[] => {
    const { name, uid, resourceVersion } = remove[index]?.metadata ?? {}
    return name === undefined ? [] : [{ ...next, metadata: { ...next.metadata, name, uid, resourceVersion } }]
  })
  return { create: create.slice(replaced.length), update: [...update, ...replaced], remove: remove.slice(replaced.length) }
}

/** Endpoints by their ports: one slice lists one set of ports. */
function groupsOf({ service, pods, nodeOf }: SlicesView, addressType: AddressType): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>()
  for (const pod of pods.filter(isBehind)) {
    const node = nodeOf(pod.spec?.nodeName ?? '')
    if (!node && service.spec?.publishNotReadyAddresses !== true) continue
    const endpoint = endpointOf(pod, service, { addressType, node })
    if (!endpoint) continue
    const ports = portsOf(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map() }
    group.endpoints.set(identityOf(endpoint), endpoint)
    groups.set(key, group)
  }
  return groups
}

const portsKey = (ports: EndpointPorts): string => {
  const texts = ports.map(({ name, port, protocol, appProtocol }) => `${name ?? ''}/${port ?? ''}/${protocol ?? ''}/${appProtocol ?? ''}`)
  return texts.length < 2 ? (texts[0] ?? '') : texts.toSorted().join(',')
}

/** What makes two endpoints the same one, in whatever condition. */
const identityOf = ({ addresses, hostname, targetRef }: Endpoint): string =>
  `${addresses.length === 1 ? addresses[0] : addresses.toSorted().join(',')}|${hostname ?? ''}|${targetRef?.namespace ?? ''}/${targetRef?.name ?? ''}|${targetRef?.uid ?? ''}`

interface Shelf {
  readonly type: AddressType
  readonly existing: readonly EndpointSlice[]
}

/** Endpoints stay where they are; new ones go first into slices that are written anyway (the fullest of them first), then into the fullest one that has room, then into new ones. */
function pack(service: Service, group: Group, { type, existing }: Shelf): SlicesPlan {
  const missing = new Map(group.endpoints)
  const kept = existing.map((slice) => {
    const before = slice.endpoints ?? []
    const endpoints = before.flatMap((endpoint) => take(missing, endpoint))
    return { slice, endpoints, isChanged: !deepEqual(before, endpoints) || !hasRightLabels(service, slice) }
  })
  const rest = [...missing.values()]
  const written = kept.filter(({ isChanged, endpoints }) => isChanged && endpoints.length > 0).toSorted((a, b) => b.endpoints.length - a.endpoints.length)
  for (const { endpoints } of written) endpoints.push(...rest.splice(0, MAX_ENDPOINTS - endpoints.length))
  const create: EndpointSlice[] = []
  while (rest.length >= MAX_ENDPOINTS) create.push(newSlice(service, { type, ports: group.ports, endpoints: rest.splice(0, MAX_ENDPOINTS) }))
  const roomiest = kept.filter(({ endpoints }) => endpoints.length + rest.length <= MAX_ENDPOINTS).toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0]
  if (rest.length > 0 && roomiest) {
    roomiest.endpoints.push(...rest.splice(0))
    roomiest.isChanged = true
  }
  if (rest.length > 0) create.push(newSlice(service, { type, ports: group.ports, endpoints: rest }))
  const full = kept.filter(({ endpoints }) => endpoints.length > 0)
  return {
    create,
    update: full.filter(({ isChanged }) => isChanged).map(({ slice, endpoints }) => relabelled(service, { ...slice, endpoints })),
    remove: kept.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice),
  }
}

/** The wanted form of an endpoint that stands in a slice: none if it is not wanted (or stands in another slice already). */
function take(missing: Map<string, Endpoint>, endpoint: Endpoint): readonly Endpoint[] {
  const key = identityOf(endpoint)
  const wanted = missing.get(key)
  if (!wanted) return []
  missing.delete(key)
  return [wanted]
}

/** A service with nothing behind it keeps one empty slice, so that everybody sees that it has been looked at. */
function withPlaceholder(service: Service, plan: SlicesPlan, { type, existing }: Shelf): SlicesPlan {
  if (plan.create.length > 0 || existing.length > plan.remove.length) return plan
  const placeholder = newSlice(service, { type, ports: [], endpoints: [] })
  const spare = plan.remove.find((slice) => (slice.endpoints ?? []).length === 0 && (slice.ports ?? []).length === 0 && hasRightLabels(service, slice))
  if (spare) return { ...plan, remove: plan.remove.filter((slice) => slice !== spare) }
  return { ...plan, create: [placeholder] }
}

function newSlice(service: Service, of: { readonly type: AddressType; readonly ports: EndpointPorts; readonly endpoints: readonly Endpoint[] }): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(services, service)],
    },
    addressType: of.type,
    ports: of.ports,
    endpoints: of.endpoints,
  }
}

const OWN_LABELS = new Set([MANAGED_BY, SERVICE_NAME, HEADLESS])

/** The service's labels, and the three by which slices are found. */
function labelsOf(service: Service): Readonly<Record<string, string>> {
  const copied = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !OWN_LABELS.has(key))
  const isHeadless = service.spec?.clusterIP === 'None' || service.spec?.clusterIP === undefined || service.spec.clusterIP === ''
  return { ...Object.fromEntries(copied), ...(isHeadless ? { [HEADLESS]: '' } : {}), [MANAGED_BY]: MANAGER, [SERVICE_NAME]: service.metadata.name ?? '' }
}

const hasRightLabels = (service: Service, slice: EndpointSlice): boolean => deepEqual(slice.metadata.labels ?? {}, labelsOf(service))
const relabelled = (service: Service, slice: EndpointSlice): EndpointSlice => ({ ...slice, metadata: { ...slice.metadata, labels: labelsOf(service) } })
