/** What the ConfigMap with the cluster's CA must hold. PURE. */
import type { ConfigMap, Namespace } from '../../../shared/model/gen/api.ts'

export const ROOT_CA_NAME = 'kube-root-ca.crt'

const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

export type RootCaStep = { readonly kind: 'none' } | { readonly kind: 'create'; readonly configMap: ConfigMap } | { readonly kind: 'update'; readonly configMap: ConfigMap }

export function planRootCa(of: { readonly namespace: Namespace | undefined; readonly stored: ConfigMap | undefined; readonly pem: string }): RootCaStep {
  const { namespace, stored, pem } = of
  if (!namespace || namespace.metadata.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating') return { kind: 'none' }
  const annotations = { 'kubernetes.io/description': DESCRIPTION }
  const data = { 'ca.crt': pem }
  if (!stored) return { kind: 'create', configMap: { metadata: { name: ROOT_CA_NAME, namespace: namespace.metadata.name, annotations }, data } }
  const isRight = Object.keys(stored.data ?? {}).length === 1 && stored.data?.['ca.crt'] === pem && stored.metadata.annotations?.['kubernetes.io/description'] !== undefined
  if (isRight) return { kind: 'none' }
  return { kind: 'update', configMap: { ...stored, metadata: { ...stored.metadata, annotations: { ...stored.metadata.annotations, ...annotations } }, data } }
}
