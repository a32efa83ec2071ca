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
  if (remote !== undefined && kind === 'copy') return invalid(`source can't be a URL for COPY: ${remote}`)
  const other = sources.find((source) => isRemote(source) && !isUrl(source))
  if (other !== undefined) return invalid(unfetched(other))
  const from = flagOf(flags, 'from')
  const mode = flagOf(flags, 'chmod')
  if (from === '') return invalid('--from must name a stage or an image')
  const checksum = flagOf(flags, 'checksum')
  if (checksum !== undefined && sources.length + line.heredocs.length !== 1) return invalid("checksum can't be specified for multiple sources")
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
    unpackFetched: isOn(flagOf(flags, 'unpack')),
    checksum,
  }
}

const isOn = (value: string | undefined): boolean => value !== undefined && value !== 'false'

/** What ADD fetches. */
export const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

export const unfetched = (source: string): string => `ADD of ${source}: only http:// and https:// are fetched by ADD here: fetch it in a RUN step, or beforehand into the context`

export const isRemote = (source: string): boolean => /^(?:https?|ftp|git|ssh):\/\/|^git@/.test(source)
