import { columnsOf } from '../print/columns.ts'
import type { Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

const labFlag = text('lab', 'The lab that must exist; all labs of a host share one store')

const UNITS = ['B', 'kB', 'MB', 'GB'] as const

/** `2.02MB` */
export function sizeText(bytes: number): string {
  let unit = 0
  let size = bytes
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : size.toPrecision(3)}${UNITS[unit] ?? ''}`
}

async function openStore(lab: string | undefined): Promise<typeof import('../../deploy/lab/lab.ts')> {
  const door = await import('../../deploy/lab/lab.ts')
  if (lab !== undefined) await door.status(lab)
  return door
}

export const image: Command = {
  name: 'image',
  summary: 'Images in the store that all nodes of this host share',
  subcommands: [
    {
      name: 'import',
      summary: 'Bring in the images of archives: OCI layouts or what "docker save" writes, plain or gzipped',
      usage: 'FILE...',
      examples: 'docker save -o app.tar app:1.0\ngantry image import app.tar',
      flags: [labFlag],
      async run({ args, flags, terminal }) {
        if (args.length === 0) throw new Problem('which archive? For example: gantry image import app.tar')
        const door = await openStore(flags.text('lab'))
        for (const file of args) {
          const { existsSync } = await import('node:fs')
          if (!existsSync(file)) throw new Problem(`${file} does not exist`)
          for (const { tags, id } of await door.importImages(file)) terminal.out(`${tags.length === 0 ? id : tags.join(', ')} imported\n`)
        }
      },
    },
    {
      name: 'rm',
      summary: 'Take the names of images away',
      usage: 'IMAGE...',
      flags: [labFlag],
      async run({ args, flags, terminal }) {
        if (args.length === 0) throw new Problem('which image? "gantry image ls" lists them')
        const door = await openStore(flags.text('lab'))
        for (const reference of args) {
          if (!(await door.removeImage(reference))) throw new Problem(`there is no image "${reference}": "gantry image ls" lists those there are`)
          terminal.out(`${reference} removed\n`)
        }
      },
    },
    {
      name: 'ls',
      aliases: ['list'],
      summary: 'List the images that nodes of this host have',
      flags: [labFlag],
      async run({ flags, terminal }) {
        const door = await openStore(flags.text('lab'))
        const images = await door.listImages()
        if (images.length === 0) terminal.err('No images found: bring some in with "gantry image import FILE"\n')
        else terminal.out(columnsOf(['IMAGE', 'IMAGE ID', 'SIZE'], images.flatMap(({ tags, id, sizeBytes }) => (tags.length === 0 ? ['<none>'] : tags).map((tag) => [tag, id.replace(/^sha256:/, '').slice(0, 12), sizeText(sizeBytes)]))))
      },
    },
  ],
}
