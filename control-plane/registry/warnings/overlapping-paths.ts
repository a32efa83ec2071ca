/** Files of volumes that hide one another, or stand where another needs a folder. */
import type { Volume, VolumeProjection } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'

interface Placed {
  readonly path: string
  /** Where the file comes from: a kind and, where it has one, a name; absent where the volume has one source alone. */
  readonly source?: readonly [kind: string, name?: string] | undefined
}

function printed({ path, source }: Placed): string {
  if (source === undefined) return goQuote(path)
  const [kind, name] = source
  return `${goQuote(path)} (${name === undefined ? kind : `${kind} ${goQuote(name)}`})`
}

const overlaps = (one: Placed, other: Placed): boolean => one.path !== '' && other.path !== '' && (`${one.path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${one.path}/`))

/** Each file that meets one before it, with that one. */
function meetings(files: readonly Placed[]): readonly string[] {
  if (files.length < 2) return []
  const trimmed = files.map(({ path, source }) => ({ path: path.replace(/\/+$/, ''), source }))
  return trimmed.flatMap((file, index) => trimmed.slice(0, index).flatMap((earlier) => (overlaps(file, earlier) ? [`${printed(file)} with ${printed(earlier)}`] : [])))
}

const placed = (items: ReadonlyArray<{ readonly path: string }> | undefined, source?: Placed['source']): readonly Placed[] => (items ?? []).map(({ path }) => ({ path, source }))

function filesOf(source: VolumeProjection): readonly Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle } = source
  if (configMap?.items) return placed(configMap.items, ['ConfigMap', configMap.name ?? ''])
  if (secret?.items) return placed(secret.items, ['Secret', secret.name ?? ''])
  if (downwardAPI) return placed(downwardAPI.items, ['DownwardAPI'])
  if (token) return placed([token], ['ServiceAccountToken'])
  return bundle ? placed([bundle], ['ClusterTrustBundle', bundle.name ?? bundle.signerName ?? '']) : []
}

/** What of a volume's files is hidden, and which of its sources are none. */
export function pathWarnings({ name, configMap, secret, downwardAPI, projected }: Volume): readonly string[] {
  const tell = (kind: string, files: readonly Placed[]): readonly string[] => meetings(files).map((meeting) => `volume ${goQuote(name)} (${kind}): overlapping paths: ${meeting}`)
  const empty = (projected?.sources ?? []).filter((source) => Object.keys(source).length === 0).map(() => `volume ${goQuote(name)} (Projected) has no sources provided`)
  return [
    ...(configMap ? tell(`ConfigMap ${goQuote(configMap.name ?? '')}`, placed(configMap.items)) : []),
    ...(secret ? tell(`Secret ${goQuote(secret.secretName ?? '')}`, placed(secret.items)) : []),
    ...(downwardAPI ? tell('DownwardAPI', placed(downwardAPI.items)) : []),
    ...empty,
    ...tell('Projected', (projected?.sources ?? []).flatMap(filesOf)),
  ]
}
