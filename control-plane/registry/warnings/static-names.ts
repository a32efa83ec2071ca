import type { KubeObject } from '../../../shared/model/meta.ts'

const SUFFIX = '.static.k8s.io'

/** Names that configurations from files of the API server will have for themselves. */
export const staticNameWarnings = ({ metadata }: KubeObject, old: KubeObject | undefined): readonly string[] =>
  !old && metadata.name?.endsWith(SUFFIX)
    ? [`metadata.name: names ending with ${JSON.stringify(SUFFIX)} will be reserved for static manifest-based configurations when the ManifestBasedAdmissionControlConfig feature gate is enabled`]
    : []
