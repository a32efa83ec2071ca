import { encodeBase64 } from '../../../shared/model/base64.ts'
import type { Namespace, Secret } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember, without } from './fill.ts'

export const defaultNamespace = (namespace: Namespace): Namespace =>
  withNameLabel(mapMember(fillAbsent(namespace, { spec: {}, status: {} }), 'status', (status) => fillZero(status, { phase: 'Active' })))

/** Every namespace can be selected by its own name. */
export function withNameLabel(namespace: Namespace): Namespace {
  const { name, labels } = namespace.metadata
  if (!name || labels?.['kubernetes.io/metadata.name'] === name) return namespace
  return { ...namespace, metadata: { ...namespace.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } } }
}

/** `stringData` is written to be read as `data`: it wins over it and is not kept. */
export function defaultSecret(secret: Secret): Secret {
  const plain = Object.entries(secret.stringData ?? {})
  const stored = plain.length === 0 ? secret : { ...secret, data: { ...secret.data, ...Object.fromEntries(plain.map(([key, value]) => [key, encodeBase64(value)])) } }
  return fillZero(without(stored, 'stringData'), { type: 'Opaque' })
}
