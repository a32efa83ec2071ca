import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { formatQuantity, quantityValue } from '../../shared/model/quantity.ts'

/** What pods ask for and may use. Pure. */

type Bounds = 'requests' | 'limits'

export const boundOf = (container: Pick<Container, 'resources'>, bounds: Bounds, resource: string): string | undefined => {
  const value = container.resources?.[bounds]?.[resource]
  return value === undefined ? undefined : String(value)
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always'

/** Containers that run beside one another: their use is held against what they asked for. */
export const runningContainers = ({ spec }: Pod): readonly Container[] => [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)]

/** What the pod asks for (or may use) as a whole; `undefined` where nobody says anything. */
export function podTotal(pod: Pod, bounds: Bounds, resource: string): number | undefined {
  const { spec } = pod
  const own = spec?.resources?.[bounds]?.[resource]
  const overhead = quantityValue(text(spec?.overhead?.[resource]))
  if (own !== undefined) return quantityValue(String(own)) + overhead
  const read = (one: Container): number => quantityValue(boundOf(one, bounds, resource))
  const init = spec?.initContainers ?? []
  if (![...init, ...(spec?.containers ?? [])].some((one) => boundOf(one, bounds, resource) !== undefined)) return undefined
  const sidecars = init.filter(isSidecar).reduce((sum, one) => sum + read(one), 0)
  const main = (spec?.containers ?? []).reduce((sum, one) => sum + read(one), 0)
  const largest = Math.max(0, ...init.filter((one) => !isSidecar(one)).map(read))
  return Math.max(main + sidecars, largest + sidecars) + overhead
}

const text = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

const written = (value: number, format: 'BinarySI' | 'DecimalSI'): string => formatQuantity({ nanos: BigInt(Math.round(value)) * 1_000_000_000n, format })

/** An amount of bytes as Kubernetes writes one that it counted itself: `5Mi`, `5243904`. */
export const inBinary = (value: number): string => written(value, 'BinarySI')

/** One of what is not bytes: `31k`, `31744`. */
export const inDecimal = (value: number): string => written(value, 'DecimalSI')
