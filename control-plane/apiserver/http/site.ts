/** The site around the core: paths that name no resource are answered here, all others go to the core. */
import type { Metrics } from '../../../shared/kit/metrics.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import { requestAttributes } from '../authz/attributes.ts'
import { forbiddenStatus } from '../authz/forbidden.ts'
import type { IssuerDocuments } from '../authn/issuer-documents.ts'
import { createImpersonation } from '../authn/impersonate.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { OpenApi } from '../openapi/openapi.ts'
import type { ApiRequest, ApiResponse, Handle } from '../request.ts'
import { allottedMs } from '../time-limit.ts'
import { asApiError, methodNotAllowed, noRepresentation, unknownResource } from '../status.ts'
import { isRouted, parseAccept } from './accept.ts'
import { jsonBody, pageNotFound, refusal, statusAnswer } from './answers.ts'
import { healthAnswer, isHealthPath, withUsualChecks, type HealthCheck } from './health.ts'
import { versionDocument } from './version.ts'

export interface SiteOptions {
  /** Authorizes, admits, stores: everything about resources. */
  readonly core: Handle
  readonly authorize: Authorizer
  readonly discovery: Discovery
  readonly openapi: OpenApi
  readonly checks: readonly HealthCheck[]
  readonly metrics: Metrics
  readonly issuer?: IssuerDocuments | undefined
  /** Of Gantry; stands behind the Kubernetes version. */
  readonly version: string
}

type Page = (request: ApiRequest, options: SiteOptions) => Promise<ApiResponse>

const getOnly =
  (page: Page): Page =>
  async (request, options) =>
    request.method === 'GET' ? page(request, options) : refusal(methodNotAllowed(), request)

const index: Page = async (_, options) => jsonBody(200, { paths: listedPaths(options) })

/** The one page with a route of its own, which has JSON to offer only. */
const versionAnswer: Page = async (request, { version }) =>
  isRouted(parseAccept(request.headers['accept']), ['application/json']) ? jsonBody(200, versionDocument(version)) : refusal(noRepresentation(false, ['application/json']), request)

/** By their whole paths; of what is not a route a slash at the end makes another page. */
const PAGES: Readonly<Record<string, Page>> = {
  '/': index,
  '/index.html': index,
  '/version': getOnly(versionAnswer),
  '/version/': getOnly(versionAnswer),
  '/metrics': async (_, { metrics }) => {
    const { contentType, text } = await metrics.render()
    return { kind: 'body', status: 200, headers: { 'content-type': contentType }, body: text }
  },
  '/.well-known/openid-configuration': getOnly(async (_, { issuer }) => (issuer ? jsonBody(200, issuer.configuration, { 'cache-control': 'public, max-age=3600' }) : pageNotFound())),
  '/openid/v1/jwks': getOnly(async (_, { issuer }) => (issuer ? jsonBody(200, issuer.keys, { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=3600' }) : pageNotFound())),
}

export function createSite(given: SiteOptions): Handle {
  const options = { ...given, checks: withUsualChecks(given.checks) }
  const impersonate = createImpersonation(given.authorize)
  return async (received) => {
    if (received.path.startsWith('//')) return pageNotFound()
    try {
      allottedMs(received)
    } catch (error) {
      return refusal(asApiError(error), received)
    }
    const impersonation = impersonate(received)
    if (impersonation.kind === 'refused') return statusAnswer(impersonation.status, received)
    const request = impersonation.user === received.user ? received : { ...received, user: impersonation.user }
    const attributes = requestAttributes(request)
    if (attributes.kind === 'resource') return options.core(request)
    const decision = options.authorize(attributes)
    if (decision.kind !== 'allow') return statusAnswer(forbiddenStatus(attributes, decision.reason), request)
    return pageAt(request, options)
  }
}

async function pageAt(request: ApiRequest, options: SiteOptions): Promise<ApiResponse> {
  const { path } = request
  const page = PAGES[path]
  if (page) return page(request, options)
  if (isHealthPath(path)) return healthAnswer(request, options.checks)
  const root = path.split('/')[1] ?? ''
  if (root === 'version') return refusal(unknownResource(), request)
  if (root === 'api' || root === 'apis') return options.discovery.answer(request)
  if (root === 'openapi') return options.openapi(request)
  return pageNotFound()
}

function listedPaths(options: SiteOptions): readonly string[] {
  const checks = options.checks.flatMap((check) => (check.endpoints ?? ['healthz', 'livez', 'readyz']).map((endpoint) => `/${endpoint}/${check.name}`))
  const fixed = ['/healthz', '/healthz/ping', '/livez', '/livez/ping', '/metrics', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/readyz', '/readyz/ping', '/version']
  const issuer = options.issuer ? ['/.well-known/openid-configuration', '/openid/v1/jwks'] : []
  return [...new Set([...fixed, ...issuer, ...checks, ...options.discovery.paths()])].toSorted()
}
