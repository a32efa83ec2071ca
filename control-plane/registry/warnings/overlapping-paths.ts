/** Files of volumes that hide one another, or stand where another needs a folder. */
import type { Volume, VolumeProjection } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { PathTree, type Placed } from './path-tree.ts'
import { Told } from './told.ts'

const printed = ({ path, source }: Placed): string => `${goQuote(path)}${source}`

const TRAILING = '/'.charCodeAt(0)

function trimmed({ path, source }: Placed): Placed {
  let end = path.length
  while (end > 0 && path.charCodeAt(end - 1) === TRAILING) end--
  return { path: path.slice(0, end), source }
}

/** The token of a service account, which every pod has, comes with two other files: so few are sooner compared than put in a tree. */
const FEW = 8

function meetsOneBefore(path: string, files: readonly Placed[], end: number): boolean {
  for (let index = 0; index < end; index++) {
    const other = (files[index] as Placed).path
    if (path === other || isBelow(path, other) || isBelow(other, path)) return true
  }
  return false
}

const isBelow = (path: string, folder: string): boolean => path.length > folder.length && path.charCodeAt(folder.length) === TRAILING && path.startsWith(folder)

/** Tells each file that meets one before it, with that one. */
function tellMeetings(told: Told, files: readonly Placed[], place: string): void {
  if (files.length < 2 || told.isFull) return
  const all = files.map(trimmed)
  if (all.length <= FEW && !all.some(({ path }, index) => meetsOneBefore(path, all, index))) return
  const tree = new PathTree(all.map(({ path }) => path))
  for (const file of all) {
    for (const earlier of tree.add(file)) {
      told.add(`${place}: overlapping paths: ${printed(file)} with ${printed(earlier)}`)
      if (told.isFull) return
    }
  }
}

const from = (kind: string, name?: string): string => ` (${name === undefined ? kind : `${kind} ${goQuote(name)}`})`

const placed = (items: ReadonlyArray<{ readonly path: string }> | undefined, source = ''): readonly Placed[] => (items ?? []).map(({ path }) => ({ path, source }))

function filesOf(source: VolumeProjection): readonly Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken: token, clusterTrustBundle: bundle } = source
  if (configMap?.items) return placed(configMap.items, from('ConfigMap', configMap.name ?? ''))
  if (secret?.items) return placed(secret.items, from('Secret', secret.name ?? ''))
  if (downwardAPI) return placed(downwardAPI.items, from('DownwardAPI'))
  if (token) return placed([token], from('ServiceAccountToken'))
  return bundle ? placed([bundle], from('ClusterTrustBundle', bundle.name ?? bundle.signerName ?? '')) : []
}

/** What of the files of volumes is hidden, and which of their sources are none. */
export function pathWarnings(volumes: readonly Volume[]): readonly string[] {
  const told = new Told()
  for (const volume of volumes) tellOf(volume, told)
  return told.texts
}

function tellOf({ name, configMap, secret, downwardAPI, projected }: Volume, told: Told): void {
  const tell = (kind: string, files: readonly Placed[]): void => tellMeetings(told, files, `volume ${goQuote(name)} (${kind})`)
  if (configMap) tell(`ConfigMap ${goQuote(configMap.name ?? '')}`, placed(configMap.items))
  if (secret) tell(`Secret ${goQuote(secret.secretName ?? '')}`, placed(secret.items))
  if (downwardAPI) tell('DownwardAPI', placed(downwardAPI.items))
  if (!projected?.sources) return
  if (projected.sources.some((source) => Object.keys(source).length === 0)) told.add(`volume ${goQuote(name)} (Projected) has no sources provided`)
  tell('Projected', projected.sources.flatMap(filesOf))
}
