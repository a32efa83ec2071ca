/** Admission webhooks: others are asked about what is written. Costs nothing while none is configured. */
import type { CustomResourceDefinition, MutatingWebhook, ValidatingWebhook } from '../../shared/model/gen/api.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { cachedObject, listCached, namespacesResource, type AdmissionSources } from '../apiserver/admission/sources.ts'
import type { Convert } from '../apiserver/core/shown.ts'
import type { Authorizer } from '../apiserver/authz/authorizer.ts'
import type { NodeStreams } from '../dispatch/port.ts'

export interface WebhookParts {
  readonly sources: AdmissionSources
  readonly authorize: Authorizer
  /** Services are reached through the nodes of their pods. */
  readonly nodeStreams: NodeStreams
}

export type Webhook = ValidatingWebhook | MutatingWebhook

const GROUP = 'admissionregistration.k8s.io'

export const mutatingWebhooks = (parts: WebhookParts): AdmissionPlugin => ({
  name: 'MutatingAdmissionWebhook',
  anyKind: true,
  mutate(request) {
    const hooks = webhooksFor(request, parts, 'mutatingwebhookconfigurations')
    return hooks.length === 0 ? request.object : mutated(hooks, request, parts)
  },
  // What is deleted is changed by nobody, but each of them may refuse.
  validate(request) {
    return request.operation === 'DELETE' ? refusedByNone(this, request) : undefined
  },
})

export const validatingWebhooks = (parts: WebhookParts): AdmissionPlugin => ({
  name: 'ValidatingAdmissionWebhook',
  anyKind: true,
  validate(request) {
    const hooks = webhooksFor(request, parts, 'validatingwebhookconfigurations')
    return hooks.length === 0 ? undefined : validated(hooks, request, parts)
  },
})

async function refusedByNone(plugin: AdmissionPlugin, request: AdmissionRequest): Promise<void> {
  await plugin.mutate?.(request)
}

async function mutated(hooks: readonly Webhook[], request: AdmissionRequest, parts: WebhookParts): Promise<JsonObject> {
  const { mutateBy } = await import('./ask.ts')
  return mutateBy(hooks, request, { ...parts, namespaceObject: namespaceOf(request, parts) })
}

async function validated(hooks: readonly Webhook[], request: AdmissionRequest, parts: WebhookParts): Promise<void> {
  const { validateBy } = await import('./ask.ts')
  await validateBy(hooks, request, { ...parts, namespaceObject: namespaceOf(request, parts) })
}

/** How a definition's own webhook is asked to convert. */
export const conversionBy =
  (parts: Omit<WebhookParts, 'authorize'>) =>
  ({ spec }: CustomResourceDefinition): Convert =>
  async (objects, apiVersion, signal) => {
    const { convertBy } = await import('./convert.ts')
    const { conversion, names } = spec
    return convertBy(parts, { webhook: conversion?.webhook ?? { conversionReviewVersions: [] }, kind: names.kind, objects, apiVersion, signal })
  }

/** Nobody may lock himself out of the configurations. */
const isExempt = ({ store, call }: AdmissionRequest): boolean => call.isPart === true || (store.definition.group === GROUP && /^(validating|mutating)(webhook|admissionpolic)/.test(store.definition.plural))

/** In the order of their configurations' names. */
function webhooksFor(request: AdmissionRequest, { sources }: WebhookParts, plural: string): readonly Webhook[] {
  if (isExempt(request)) return []
  return listCached(sources, { group: GROUP, version: 'v1', plural }).flatMap((configuration) => (configuration as { readonly webhooks?: readonly Webhook[] }).webhooks ?? [])
}

const namespaceOf = ({ namespace }: AdmissionRequest, { sources }: WebhookParts): JsonObject | undefined => (namespace === '' ? undefined : cachedObject(sources, namespacesResource, { namespace: '', name: namespace }))
