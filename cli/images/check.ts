import type { ImageCheck } from '../../shared/model/image-api.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call } from '../program/command.ts'
import { imagePlaces } from './places.ts'
import { shortId } from './text.ts'

/** Answers 1 when something is damaged and stays so. */
export async function checkImages(call: Call): Promise<number> {
  const { args, flags, terminal } = call
  const query = [...args.map((ref) => ['ref', ref] as const), ['repair', String(flags.is('repair'))] as const]
  let left = 0
  for (const place of await imagePlaces(call)) {
    const { images, damage } = await place.json<ImageCheck>({ method: 'POST', path: '/check', query })
    left += damage.filter(({ isRepaired }) => !isRepaired).length
    const where = place.nodes.length === 0 ? 'on this host' : `on ${place.title}`
    if (damage.length === 0) terminal.out(`${images} ${images === 1 ? 'image is' : 'images are'} whole ${where}\n`)
    else terminal.out(columnsOf(['IMAGE ID', 'WHAT', 'DIGEST', 'PROBLEM', 'WHAT TO DO'], damage.map(({ image, kind, digest, message, advice }) => [shortId(image), kind, shortId(digest), message, advice])))
  }
  return left === 0 ? 0 : 1
}
