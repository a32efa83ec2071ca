/** Which representation an answer takes, from the `Accept` header. PURE. */
import { covers, parseAccept, type MediaRange } from '../http/accept.ts'
import { noRepresentation, notAcceptable } from '../status.ts'

export type As = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Representation {
  readonly media: 'application/json' | 'application/yaml'
  readonly as: As
  /** Of `meta.k8s.io`, for what is not the object itself. */
  readonly version: string
  readonly pretty: boolean
}

export const plainJson: Representation = { media: 'application/json', as: 'object', version: 'v1', pretty: false }

const MEDIA = ['application/json', 'application/yaml'] as const
const PROTOBUF = 'application/vnd.kubernetes.protobuf'

export interface Negotiation {
  readonly accept: string | undefined
  readonly userAgent: string | undefined
  readonly query: URLSearchParams
  /** The route also offers watches. */
  readonly streams: boolean
}

/** Throws a 406: the router's when no offered type fits, the handler's when the wanted form is not offered. */
export function negotiate({ accept, userAgent, query, streams }: Negotiation): Representation {
  const ranges = parseAccept(accept)
  const offered = [...MEDIA, PROTOBUF]
  if (!ranges.some((range) => offered.some((type) => covers(range, type)))) throw noRepresentation(streams)
  const pretty = isPretty(query, userAgent)
  for (const range of ranges) {
    const media = MEDIA.find((type) => covers(range, type))
    const form = media && formOf(range)
    if (media && form) return { media, ...form, pretty: pretty || isSet(range.parameters['pretty']) }
  }
  throw notAcceptable()
}

const isSet = (value: string | undefined): boolean => value === '1' || value === 'true'

function isPretty(query: URLSearchParams, userAgent = ''): boolean {
  const wish = query.get('pretty')
  if (wish !== null) return wish === '' || isSet(wish.toLowerCase())
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0')
}

function formOf({ parameters }: MediaRange): Pick<Representation, 'as' | 'version'> | undefined {
  const { as, g: group, v: version = '' } = parameters
  if (parameters['stream'] !== undefined && parameters['stream'] !== 'watch') return undefined
  if (as === undefined) return { as: 'object', version: 'v1' }
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { as, version } : undefined
}
