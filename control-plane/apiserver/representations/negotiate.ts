/** Which representation an answer takes, from the `Accept` header. PURE. */
import { covers, isRouted, parseAccept, type MediaRange } from '../http/accept.ts'
import { noRepresentation, notAcceptable } from '../status.ts'

export type As = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

/** In the order in which they are offered. */
export const MEDIA = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const
export type Media = (typeof MEDIA)[number]

export interface Representation {
  readonly media: Media
  readonly as: As
  /** Of `meta.k8s.io`, for what is not the object itself. */
  readonly version: string
  readonly pretty: boolean
}

export const plainJson: Representation = { media: 'application/json', as: 'object', version: 'v1', pretty: false }

export interface Negotiation {
  readonly accept: string | undefined
  readonly userAgent: string | undefined
  readonly query: URLSearchParams
  /** The route also offers watches. */
  readonly streams: boolean
  /** Custom resources have no routes of their own: the handler alone looks at what is accepted. */
  readonly custom: boolean
  /** It has columns. */
  readonly tables: boolean
  /** The media types of the route; all of them unless told otherwise. */
  readonly routed?: readonly string[]
}

/** Throws a 406: the router's when no offered type fits, the handler's when the wanted form is not offered. */
export function negotiate({ accept, userAgent, query, streams, custom, tables, routed = MEDIA }: Negotiation): Representation {
  const ranges = parseAccept(accept)
  if (!custom && !isRouted(ranges, routed)) throw noRepresentation(streams, routed)
  const pretty = isPretty(query, userAgent)
  for (const range of ranges) {
    const media = MEDIA.find((type) => covers(range, type))
    const form = media && formOf(range, media)
    if (media && form && (tables || form.as !== 'Table') && isOffered(media, form.as, custom)) return { media, ...form, pretty: pretty || isSet(range.parameters['pretty']) }
  }
  throw notAcceptable()
}

/** The media type of what takes no other form; `undefined` if none is accepted. */
export function plainMedia(accept: string | undefined): Representation['media'] | undefined {
  for (const range of parseAccept(accept)) {
    const media = MEDIA.find((type) => covers(range, type))
    if (media && formOf(range, media)?.as === 'object' && range.parameters['sv'] === undefined) return media
  }
  return undefined
}

/** Of a Status: JSON for whoever accepts nothing. */
export const statusMedia = (accept: string | undefined): Representation['media'] => plainMedia(accept) ?? 'application/json'

/** Tables have no protobuf, and custom resources have it of their metadata alone. */
const isOffered = (media: Media, as: As, custom: boolean): boolean => media !== 'application/vnd.kubernetes.protobuf' || (as === 'object' ? !custom : as !== 'Table')

const isSet = (value: string | undefined): boolean => value === '1' || value === 'true'

/** Whether a person may be reading. */
export function isPretty(query: URLSearchParams, userAgent = ''): boolean {
  const wish = query.get('pretty')
  if (wish !== null) return wish === '' || isSet(wish.toLowerCase())
  return userAgent.startsWith('curl') || userAgent.startsWith('Wget') || userAgent.startsWith('Mozilla/5.0')
}

function formOf({ parameters }: MediaRange, media: Media): Pick<Representation, 'as' | 'version'> | undefined {
  const { as, g: group, v: version, stream = '', sv = '' } = parameters
  if (stream !== '' && (stream !== 'watch' || media === 'application/yaml')) return undefined
  if (sv !== '' && sv !== 'v1') return undefined
  if (as === undefined && group === undefined && version === undefined) return { as: 'object', version: 'v1' }
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  return as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { as, version } : undefined
}
