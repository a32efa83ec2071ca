import type { EndpointSlice, Event } from '../../shared/model/gen/api.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage } from './page.ts'

export function describeEndpointSlice({ metadata, addressType, ports = [], endpoints = [] }: EndpointSlice, events: readonly Event[], nowMs: number): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata?.name ?? ''}\nNamespace:\t${metadata?.namespace ?? ''}`)
  page.multiline('Labels', metadata?.labels)
  annotationLines(page, metadata?.annotations)
  page.line(0, `AddressType:\t${addressType}`)
  if ((ports ?? []).length === 0) page.line(0, 'Ports: <unset>')
  else {
    page.line(0, 'Ports:\n  Name\tPort\tProtocol\n  ----\t----\t--------')
    for (const { name, port, protocol } of ports ?? []) page.line(1, `${name || '<unset>'}\t${port ?? '<unset>'}\t${protocol ?? 'TCP'}`)
  }
  page.line(0, (endpoints ?? []).length === 0 ? 'Endpoints: <none>' : 'Endpoints:')
  for (const { addresses, conditions, hostname, targetRef, nodeName, zone } of endpoints ?? []) {
    page.line(1, `- Addresses:\t${addresses.join(', ')}\n  Conditions:\n    Ready:\t${conditions?.ready ?? '<unset>'}\n  Hostname:\t${hostname ?? '<unset>'}`)
    if (targetRef) page.line(2, `TargetRef:\t${targetRef.kind ?? ''}/${targetRef.name ?? ''}`)
    page.line(2, `NodeName:\t${nodeName ?? '<unset>'}\nZone:\t${zone ?? '<unset>'}`)
  }
  eventLines(page, events, nowMs)
  return page.text()
}
