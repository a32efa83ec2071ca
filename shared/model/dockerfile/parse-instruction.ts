import { suggest } from '../suggest.ts'
import type { Instruction, Pair, RunNetwork } from './instruction.ts'
import type { LogicalLine } from './lines.ts'
import { parseCopy } from './parse-copy.ts'
import { parseHealthcheck } from './parse-healthcheck.ts'
import { jsonList, quotedWords, spaced, takeFlags } from './words.ts'
import { commandOf, flagOf, invalid, type ParsedWork, unknownFlag, type Written } from './written.ts'

/** What is on one line: an instruction, the start of a stage, or a mistake. Pure. */
export type ParsedLine =
  | { readonly kind: 'instruction'; readonly instruction: Instruction; readonly warning?: string }
  | { readonly kind: 'from'; readonly base: string; readonly name: string | undefined; readonly platform: string | undefined }
  | { readonly kind: 'invalid'; readonly message: string }

export function parseLine(line: LogicalLine, escape: string): ParsedLine {
  const [, word = '', after = ''] = /^(\S+)\s*(.*)$/s.exec(line.text) ?? []
  const keyword = word.toUpperCase()
  if (keyword !== 'FROM' && !Object.hasOwn(PARSERS, keyword)) {
    const meant = suggest(keyword, ['FROM', ...Object.keys(PARSERS)])
    return invalid(`unknown instruction: ${word}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`)
  }
  if (after === '') return invalid(`${keyword} requires ${NEEDS[keyword] ?? 'at least one argument'}`)
  const { flags, rest } = WITH_FLAGS.has(keyword) ? takeFlags(after) : { flags: [], rest: after }
  const written: Written = { keyword, flags, rest, escape, line }
  if (keyword === 'FROM') return parseFrom(written)
  const work = PARSERS[keyword]?.(written) ?? invalid(`unknown instruction: ${word}`)
  if (work.kind === 'invalid') return work
  const instruction: Instruction = { line: line.line, text: `${keyword} ${after}`, ...work }
  return { kind: 'instruction', instruction, ...(keyword === 'MAINTAINER' ? { warning: 'MAINTAINER is deprecated: use LABEL org.opencontainers.image.authors=… instead' } : {}) }
}

const NEEDS: Readonly<Record<string, string>> = { WORKDIR: 'exactly one argument', USER: 'exactly one argument', STOPSIGNAL: 'exactly one argument', COPY: 'at least two arguments', ADD: 'at least two arguments', FROM: 'an image: FROM IMAGE [AS NAME]' }
const WITH_FLAGS: ReadonlySet<string> = new Set(['FROM', 'RUN', 'COPY', 'ADD', 'HEALTHCHECK'])

const PARSERS: Readonly<Record<string, (written: Written) => ParsedWork>> = {
  ADD: parseCopy,
  ARG: parseArg,
  CMD: ({ rest }) => ({ kind: 'cmd', command: commandOf(rest) }),
  COPY: parseCopy,
  ENTRYPOINT: ({ rest }) => ({ kind: 'entrypoint', command: commandOf(rest) }),
  ENV: (written) => parsePairs(written, 'env'),
  EXPOSE: ({ rest }) => ({ kind: 'expose', values: spaced(rest) }),
  HEALTHCHECK: parseHealthcheck,
  LABEL: (written) => parsePairs(written, 'label'),
  MAINTAINER: ({ rest }) => ({ kind: 'maintainer', value: rest }),
  ONBUILD: parseOnbuild,
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: single('stopsignal'),
  USER: single('user'),
  VOLUME: ({ rest }) => ({ kind: 'volume', values: jsonList(rest) ?? spaced(rest) }),
  WORKDIR: ({ rest }) => ({ kind: 'workdir', value: rest }),
}

const STAGE_NAME = /^[a-z][a-z0-9._-]*$/

function parseFrom({ flags, rest }: Written): ParsedLine {
  const problem = unknownFlag(flags, ['platform'], 'FROM')
  if (problem !== undefined) return invalid(problem)
  const [base = '', as, given, ...more] = spaced(rest)
  if ((as !== undefined && (as.toUpperCase() !== 'AS' || given === undefined)) || more.length > 0) return invalid('FROM requires either one or three arguments: FROM IMAGE [AS NAME]')
  const name = given?.toLowerCase()
  if (name === 'scratch') return invalid('a stage cannot be called scratch: that is the empty image')
  if (name !== undefined && !STAGE_NAME.test(name)) return invalid(`invalid name for build stage: ${JSON.stringify(given)}, name can't start with a number or contain symbols`)
  return { kind: 'from', base, name, platform: flagOf(flags, 'platform') }
}

function parseArg({ rest, escape }: Written): ParsedWork {
  const args = quotedWords(rest, escape).map((word) => {
    const at = word.indexOf('=')
    return at < 0 ? { name: word, value: undefined } : { name: word.slice(0, at), value: word.slice(at + 1) }
  })
  const wrong = args.find(({ name }) => !/^[A-Za-z_][\w.-]*$/.test(name))
  return wrong === undefined ? { kind: 'arg', args } : invalid(`${JSON.stringify(wrong.name)} cannot be the name of an ARG`)
}

/** `A=b C="d e"`, or the old way with one name and the rest of the line. */
function parsePairs({ rest, escape, keyword }: Written, kind: 'env' | 'label'): ParsedWork {
  const words = quotedWords(rest, escape)
  const [first = ''] = words
  if (!first.includes('=')) {
    const [, name = '', value = ''] = /^(\S+)\s+(.*)$/s.exec(rest) ?? []
    return name === '' ? invalid(`${keyword} must have two arguments: ${keyword} NAME=VALUE`) : { kind, pairs: [[name, value]] }
  }
  const pairs: Pair[] = []
  for (const word of words) {
    const at = word.indexOf('=')
    if (at < 0) return invalid(`syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`)
    if (at === 0) return invalid(`${keyword} names can not be blank`)
    pairs.push([word.slice(0, at), word.slice(at + 1)])
  }
  return { kind, pairs }
}

const NETWORKS: readonly string[] = ['default', 'none', 'host'] satisfies readonly RunNetwork[]

function parseRun({ flags, rest, line }: Written): ParsedWork {
  const problem = unknownFlag(flags, ['mount', 'network', 'security'], 'RUN')
  if (problem !== undefined) return invalid(problem)
  const network = flagOf(flags, 'network')
  if (network !== undefined && !NETWORKS.includes(network)) return invalid(`unsupported network mode ${JSON.stringify(network)}: default, none or host`)
  if ((flagOf(flags, 'security') ?? 'sandbox') !== 'sandbox') return invalid('--security=insecure is not allowed: commands of a build have the rights of a container, and no more')
  if (rest === '') return invalid('RUN requires a command')
  const mounts = flags.filter(({ name }) => name === 'mount').map(({ value }) => rawMount(value))
  return { kind: 'run', command: commandOf(rest), heredocs: line.heredocs, mounts, network: network as RunNetwork | undefined }
}

const rawMount = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [part.trim().toLowerCase(), 'true'] : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1)]
    }),
  )

function parseShell({ rest }: Written): ParsedWork {
  const shell = jsonList(rest)
  return shell === undefined || shell.length === 0 ? invalid('SHELL requires the arguments to be in JSON form: SHELL ["/bin/bash", "-c"]') : { kind: 'shell', shell }
}

function parseOnbuild({ rest, escape, line }: Written): ParsedWork {
  const keyword = (spaced(rest)[0] ?? '').toUpperCase()
  if (keyword === 'ONBUILD') return invalid("chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  if (keyword === 'FROM' || keyword === 'MAINTAINER') return invalid(`${keyword} isn't allowed as an ONBUILD trigger`)
  if (line.heredocs.length > 0) return invalid('a trigger of ONBUILD cannot have a text below it')
  const inner = parseLine({ ...line, text: rest }, escape)
  return inner.kind === 'invalid' ? inner : { kind: 'onbuild', trigger: rest }
}

function single(kind: 'user' | 'stopsignal'): (written: Written) => ParsedWork {
  return ({ rest, escape, keyword }) => (quotedWords(rest, escape).length === 1 ? { kind, value: rest } : invalid(`${keyword} requires exactly one argument`))
}
