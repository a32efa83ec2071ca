/** Where a webhook is: at a URL, or behind a service, whose pods are reached through their nodes. */
import type { Duplex } from 'node:stream'
import { randomInt } from '../../shared/kit/random.ts'
import type { Service, ServiceReference, WebhookClientConfig } from '../../shared/model/gen/api.ts'
import { cachedObject } from '../apiserver/admission/sources.ts'
import { nodeConnection } from '../apiserver/proxy/node-connection.ts'
import { serviceUnavailable } from '../apiserver/status.ts'
import { dialNode, portNumber } from '../apiserver/subresources/proxy-target.ts'
import { endpointsOf, portNameOf } from '../apiserver/subresources/service-proxy.ts'
import type { WebhookParts } from './plugin.ts'

type Reaching = Pick<WebhookParts, 'sources' | 'nodeStreams'>

export interface Target {
  readonly url: URL
  /** The URL as errors name it. */
  readonly shown: string
  readonly dial: ((signal: AbortSignal) => Promise<Duplex>) | undefined
}

const DEFAULT_PORT = 443

export function targetOf({ url, service }: WebhookClientConfig, timeoutSeconds: number, parts: Reaching): Target {
  const { namespace = '', name = '', path = '', port = DEFAULT_PORT } = service ?? {}
  const shown = `${url ?? `https://${name}.${namespace}.svc:${port}${path.startsWith('/') ? '' : '/'}${path}`}?timeout=${timeoutSeconds}s`
  return { url: new URL(shown), shown, dial: service && ((signal) => dialService(service, parts, signal)) }
}

async function dialService({ namespace, name, port = DEFAULT_PORT }: ServiceReference, { sources, nodeStreams }: Reaching, signal: AbortSignal): Promise<Duplex> {
  const service = cachedObject(sources, { group: '', version: 'v1', plural: 'services' }, { namespace, name }) as Service | undefined
  if (!service) throw serviceUnavailable(`service ${JSON.stringify(name)} not found`)
  const choices = endpointsOf(sources.resources, { namespace, service: name, portName: portNameOf(service, String(port)) })
  const chosen = choices[randomInt(sources.random, choices.length)]
  if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`)
  const { metadata, spec } = chosen.pod
  const request = { pod: { namespace: metadata.namespace ?? '', name: metadata.name ?? '', uid: metadata.uid ?? '' }, port: portNumber(chosen.port, 'https') }
  return nodeConnection(await dialNode({ streams: nodeStreams, nodeName: spec?.nodeName ?? '', request, clock: sources.clock }, signal))
}
