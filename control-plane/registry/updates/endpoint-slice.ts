import type { Endpoint, EndpointSlice } from '../../../shared/model/gen/api.ts'
import { mapItems, without } from '../defaults/fill.ts'

/** Where an endpoint is has fields of its own in this version: the map of older ones can be read, and is not written. */
export const withoutOldTopology = (slice: EndpointSlice): EndpointSlice => mapItems<EndpointSlice, Endpoint>(slice, 'endpoints', (endpoint) => without(endpoint, 'deprecatedTopology'))
