import { systemClock } from '../../shared/kit/clock.ts'
import type { ImageList, ListedImage } from '../../shared/model/image-api.ts'
import { ageText } from '../print/age.ts'
import { columnsOf } from '../print/columns.ts'
import { printerFor } from '../print/objects.ts'
import type { Call } from '../program/command.ts'
import { imagePlaces } from './places.ts'
import { shortId, sizeText } from './text.ts'

interface Found extends ListedImage {
  readonly nodes: readonly string[]
}

export async function listImages(call: Call): Promise<void> {
  const { flags, terminal } = call
  const images = await imagesOf(call)
  const output = flags.text('output') ?? ''
  const print = await printerFor(output)
  if (print) return terminal.out(await print({ apiVersion: 'v1', kind: 'List', items: images.map(objectOf) }))
  if (flags.is('quiet')) return terminal.out(images.map(({ id }) => `${shortId(id)}\n`).join(''))
  if (images.length === 0) return terminal.err('No images found: bring some in with "gantry image import FILE"\n')
  const rows = images.flatMap((image) => namesOf(image).map((name) => [name, ...cells(image, output === 'wide')]))
  const header = ['IMAGE', 'IMAGE ID', 'SIZE', ...(output === 'wide' ? ['AGE', 'ORIGIN', 'IN USE', 'DIGEST', 'NODES'] : [])]
  terminal.out(columnsOf(flags.is('no-headers') ? [] : header, rows))
}

function cells({ id, sizeBytes, added, origin, isUsed, digests, nodes }: Found, isWide: boolean): readonly string[] {
  const short = [shortId(id), sizeText(sizeBytes)]
  if (!isWide) return short
  return [...short, ageText(added, systemClock.nowMs()), origin, isUsed ? 'yes' : 'no', digests[0]?.split('@')[1]?.slice(0, 19) ?? '<none>', nodes.length === 0 ? '<this host>' : nodes.join(',')]
}

const namesOf = ({ tags, digests }: Found): readonly string[] => (tags.length > 0 ? tags : digests.length > 0 ? digests.slice(0, 1) : ['<none>'])

/** Of all images where the call looks; those without a name are left out. */
export const imageNames = async (call: Call): Promise<readonly string[]> => (await imagesOf(call)).flatMap(({ tags }) => tags)

/** The same image of several stores stands there once, with all their nodes. */
async function imagesOf(call: Call): Promise<readonly Found[]> {
  const found = new Map<string, Found>()
  const lists = await Promise.all((await imagePlaces(call)).map(async (place) => ({ place, list: await place.json<ImageList>({ method: 'GET', path: '' }) })))
  for (const { place, list } of lists) {
    for (const image of list.images) {
      const before = found.get(image.id)
      const both = (key: 'tags' | 'digests'): readonly string[] => [...new Set([...(before?.[key] ?? []), ...image[key]])]
      found.set(image.id, { ...image, tags: both('tags'), digests: both('digests'), isUsed: image.isUsed || before?.isUsed === true, nodes: [...(before?.nodes ?? []), ...place.nodes] })
    }
  }
  return [...found.values()].toSorted((a, b) => ((namesOf(a)[0] ?? '') < (namesOf(b)[0] ?? '') ? -1 : 1))
}

/** As the objects of the API look, so that -o means what it means elsewhere. */
const objectOf = ({ id, added, ...image }: Found): { readonly kind: string; readonly metadata: { readonly name: string; readonly creationTimestamp?: string }; readonly [field: string]: unknown } => ({ kind: 'Image', metadata: { name: id, ...(added === undefined ? {} : { creationTimestamp: added }) }, ...image })
