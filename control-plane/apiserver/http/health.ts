/** `/healthz`, `/livez` and `/readyz`, whole or check by check (`k8s.io/apiserver/pkg/server/healthz`). */
import type { ApiRequest, ApiResponse } from '../request.ts'
import { pageNotFound, plainText } from './answers.ts'

export type HealthEndpoint = 'healthz' | 'livez' | 'readyz'

export interface HealthCheck {
  readonly name: string
  /** Which endpoints ask it; all unless told otherwise. */
  readonly endpoints?: readonly HealthEndpoint[]
  /** Rejects when the part is not well. */
  check(signal: AbortSignal): Promise<void>
}

interface Outcome {
  readonly name: string
  readonly excluded: boolean
  readonly failed: boolean
}

const ENDPOINTS: readonly string[] = ['healthz', 'livez', 'readyz'] satisfies readonly HealthEndpoint[]

export const isHealthPath = (path: string): boolean => ENDPOINTS.includes(path.split('/')[1] ?? '')

const well = async (): Promise<void> => {}
const ping: HealthCheck = { name: 'ping', check: well }

/** What is started before anybody is answered by a site, under the names of what Kubernetes' servers start. Those of parts that are not here are left out. */
const STARTED = [
  ...['start-apiserver-admission-initializer', 'generic-apiserver-start-informers', 'start-apiextensions-informers', 'start-apiextensions-controllers', 'crd-informer-synced', 'start-system-namespaces-controller'].map(hook),
  ...['storage-readiness', 'start-service-ip-repair-controllers', 'rbac/bootstrap-roles', 'scheduling/bootstrap-system-priority-classes', 'priority-and-fairness-config-producer', 'bootstrap-controller'].map(hook),
  ...['start-kubernetes-service-cidr-controller', 'start-kube-aggregator-informers', 'apiservice-status-local-available-controller', 'apiservice-registration-controller', 'apiservice-discovery-controller'].map(hook),
  hook('kube-apiserver-autoregistration'),
  'autoregister-completion',
  ...['apiservice-openapi-controller', 'apiservice-openapiv3-controller'].map(hook),
]

function hook(name: string): string {
  return `poststarthook/${name}`
}

/** With those that Kubernetes' servers may be asked for by name, in their order: that of etcd once more, and what is well here as long as anybody is answered. */
export function withUsualChecks(checks: readonly HealthCheck[]): readonly HealthCheck[] {
  const ofReadyz = (name: string, check: HealthCheck['check'] = well): HealthCheck => ({ name, endpoints: ['readyz'], check })
  const etcd = checks.filter(({ name }) => name === 'etcd').map(({ check }) => ofReadyz('etcd-readiness', check))
  const informers = checks.some(({ name }) => name === 'informer-sync') ? [] : [ofReadyz('informer-sync')]
  return [{ name: 'log', check: well }, ...checks.filter(({ endpoints }) => !endpoints), ...etcd, ...checks.filter(({ endpoints }) => endpoints), ...informers, ...STARTED.map((name) => ({ name, check: well })), ofReadyz('shutdown')]
}

/** The answer to a health path; reasons of failures are withheld from the client, as they may tell too much. */
export async function healthAnswer(request: ApiRequest, checks: readonly HealthCheck[]): Promise<ApiResponse> {
  const [, endpoint = '', ...parts] = request.path.split('/')
  const asked = [ping, ...checks.filter(({ name }) => name !== ping.name)].filter((check) => !check.endpoints || check.endpoints.includes(endpoint as HealthEndpoint))
  if (parts.length === 0) return wholeAnswer(request, endpoint, asked)
  const check = asked.find((one) => one.name === parts.join('/'))
  if (!check) return pageNotFound()
  const [outcome] = await outcomesOf(request, [check], new Set())
  return outcome?.failed ? plainText(500, 'internal server error: reason withheld\n') : ok('ok')
}

const ok = (text: string): ApiResponse => plainText(200, text)

async function wholeAnswer(request: ApiRequest, endpoint: string, checks: readonly HealthCheck[]): Promise<ApiResponse> {
  const exclude = new Set(request.query.getAll('exclude'))
  const outcomes = await outcomesOf(request, checks, exclude)
  const lines = outcomes.map(lineOf)
  const unmatched = [...exclude].filter((name) => !checks.some((check) => check.name === name)).toSorted()
  if (unmatched.length > 0) lines.push(`warn: some health checks cannot be excluded: no matches for ${unmatched.map((name) => JSON.stringify(name)).join(',')}`)
  const text = lines.map((line) => `${line}\n`).join('')
  if (outcomes.some((outcome) => outcome.failed)) return plainText(500, `${text}${endpoint} check failed\n`)
  return ok(request.query.has('verbose') ? `${text}${endpoint} check passed\n` : 'ok')
}

const outcomesOf = (request: ApiRequest, checks: readonly HealthCheck[], exclude: ReadonlySet<string>): Promise<readonly Outcome[]> =>
  Promise.all(
    checks.map(async ({ name, check }) => {
      if (exclude.has(name)) return { name, excluded: true, failed: false }
      try {
        await check(request.signal)
        return { name, excluded: false, failed: false }
      } catch {
        return { name, excluded: false, failed: true }
      }
    }),
  )

function lineOf({ name, excluded, failed }: Outcome): string {
  if (excluded) return `[+]${name} excluded: ok`
  return failed ? `[-]${name} failed: reason withheld` : `[+]${name} ok`
}
