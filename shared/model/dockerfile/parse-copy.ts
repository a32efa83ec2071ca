import { flagOf, invalid, type ParsedWork, unknownFlag, type Written } from './written.ts'
import { jsonList, spaced } from './words.ts'

const FLAGS = { COPY: ['from', 'chown', 'chmod', 'link', 'parents', 'exclude'], ADD: ['chown', 'chmod', 'link', 'exclude', 'unpack', 'keep-git-dir', 'checksum'] } as const

/** COPY and ADD. Pure. */
export function parseCopy({ keyword, flags, rest, line }: Written): ParsedWork {
  const kind = keyword === 'ADD' ? 'add' : 'copy'
  const problem = unknownFlag(flags, FLAGS[kind === 'add' ? 'ADD' : 'COPY'], keyword)
  if (problem !== undefined) return invalid(problem)
  const words = jsonList(rest) ?? spaced(rest)
  const destination = words.at(-1)
  const announced = new Set(line.heredocs.map(({ word }) => word))
  const given = words.slice(0, -1)
  if (destination === undefined || given.length === 0) return invalid(`${keyword} requires at least two arguments: what, and where to`)
  const sources = given.filter((word) => !announced.has(word))
  const remote = sources.find(isRemote)
  if (remote !== undefined) return invalid(kind === 'add' ? `ADD of ${remote}: nothing is fetched from the network by ADD here: fetch it in a RUN step, or beforehand into the context` : `source can't be a URL for COPY: ${remote}`)
  const from = flagOf(flags, 'from')
  const mode = flagOf(flags, 'chmod')
  if (from === '') return invalid('--from must name a stage or an image')
  if (flagOf(flags, 'checksum') !== undefined) return invalid('--checksum is for URLs, which are not fetched here')
  return {
    kind,
    sources,
    files: line.heredocs,
    destination,
    from,
    owner: flagOf(flags, 'chown'),
    mode,
    excluded: flags.filter(({ name }) => name === 'exclude').map(({ value }) => value),
    parents: isOn(flagOf(flags, 'parents')),
    unpack: kind === 'add' && flagOf(flags, 'unpack') !== 'false',
  }
}

const isOn = (value: string | undefined): boolean => value !== undefined && value !== 'false'

const isRemote = (source: string): boolean => /^(?:https?|ftp|git|ssh):\/\/|^git@/.test(source)
