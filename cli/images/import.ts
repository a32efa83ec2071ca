import { createReadStream, existsSync, statSync } from 'node:fs'
import type { ImagesImported } from '../../shared/model/image-api.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { createBar } from './bar.ts'
import type { ImagePlace } from './place.ts'
import { imagePlaces } from './places.ts'
import { shortId } from './text.ts'

export async function importFiles(call: Call): Promise<void> {
  const { args, terminal } = call
  if (args.length === 0) throw new Problem('which archive? For example: gantry image import app.tar')
  for (const file of args) if (!existsSync(file)) throw new Problem(`${file} does not exist`)
  const places = await imagePlaces(call)
  for (const file of args) {
    for (const place of places) {
      const { images } = await (place.importPath?.(file) ?? send(call, place, file))
      const where = place.nodes.length === 0 ? '' : ` on ${place.title}`
      for (const { tags, id } of images) terminal.out(`${tags.length === 0 ? shortId(id) : tags.join(', ')} imported${where}\n`)
    }
  }
}

async function send({ terminal }: Call, place: ImagePlace, file: string): Promise<ImagesImported> {
  const about = statSync(file)
  if (about.isDirectory()) throw new Problem(`${file} is a folder: pack it first, for example with "tar -C ${file} -cf image.tar ."`)
  using bar = createBar(terminal, `${file} to ${place.title}`, about.size)
  return await place.json<ImagesImported>({ method: 'POST', path: '/import', upload: { sizeBytes: about.size, chunks: () => counted(file, (done) => bar.at(done)) } })
}

async function* counted(file: string, told: (doneBytes: number) => void): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) {
    done += (chunk as Buffer).length
    told(done)
    yield chunk as Buffer
  }
}
