import type { DiscoveryV1EndpointPort, EndpointSlice } from '../../../shared/model/gen/api.ts'
import { fillAbsent, mapItems } from './fill.ts'

export const defaultEndpointSlice = (slice: EndpointSlice): EndpointSlice => mapItems<EndpointSlice, DiscoveryV1EndpointPort>(slice, 'ports', (port) => fillAbsent(port, { name: '', protocol: 'TCP' }))
