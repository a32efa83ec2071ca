import type { EndpointSlice, Event, Service } from '../../shared/model/gen/api.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, inOrder, type Page } from './page.ts'

export function describeService({ metadata, spec, status }: Service, { slices, events, nowMs }: { readonly slices: readonly EndpointSlice[]; readonly events: readonly Event[]; readonly nowMs: number }): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  const selector = inOrder(spec?.selector).map(([key, value]) => `${key}=${value}`).join(',')
  page.line(0, `Selector:\t${selector || '<none>'}\nType:\t${spec?.type ?? ''}`)
  if (spec?.ipFamilyPolicy) page.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`)
  page.line(0, `IP Families:\t${(spec?.ipFamilies ?? []).join(',') || '<none>'}`)
  page.line(0, `IP:\t${spec?.clusterIP ?? ''}\nIPs:\t${(spec?.clusterIPs ?? []).join(',') || '<none>'}`)
  if ((spec?.externalIPs ?? []).length > 0) page.line(0, `External IPs:\t${spec?.externalIPs?.join(',') ?? ''}`)
  if (spec?.externalName) page.line(0, `External Name:\t${spec.externalName}`)
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? '')
  if (ingress.length > 0) page.line(0, `LoadBalancer Ingress:\t${ingress.join(', ')}`)
  ports(page, spec, slices)
  page.line(0, `Session Affinity:\t${spec?.sessionAffinity ?? ''}`)
  if (spec?.externalTrafficPolicy) page.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`)
  if (spec?.internalTrafficPolicy) page.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`)
  eventLines(page, events, nowMs)
  return page.text()
}

function ports(page: Page, spec: Service['spec'], slices: readonly EndpointSlice[]): void {
  for (const { name, port, protocol = 'TCP', targetPort, nodePort } of spec?.ports ?? []) {
    const shown = name || '<unset>'
    page.line(0, `Port:\t${shown}\t${port}/${protocol}`)
    page.line(0, `TargetPort:\t${targetPort ?? 0}/${protocol}`)
    if (nodePort) page.line(0, `NodePort:\t${shown}\t${nodePort}/${protocol}`)
    page.line(0, `Endpoints:\t${endpointsText(slices, name ?? '')}`)
  }
}

const MOST = 3

/** The first three that are ready. */
function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  const found = slices.flatMap(({ endpoints = [], ports: slicePorts }) => {
    const port = slicePorts?.find(({ name = '' }) => name === portName)?.port
    return port === undefined ? [] : (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses.map((address) => `${address.includes(':') ? `[${address}]` : address}:${port}`))
  })
  return found.length > MOST ? `${found.slice(0, MOST).join(',')} + ${found.length - MOST} more...` : found.join(',')
}
