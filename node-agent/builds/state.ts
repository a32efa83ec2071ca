import { type Budget, MOST_SAID, SAYS_TOO_MUCH, spend } from '../../shared/model/dockerfile/budget.ts'
import { expandWord, type Variables } from '../../shared/model/dockerfile/expand.ts'
import type { Command, Healthcheck, Instruction, Pair } from '../../shared/model/dockerfile/instruction.ts'
import { quotedWords } from '../../shared/model/dockerfile/words.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import type { BuiltLayer } from '../images/build-store.ts'

/** `config` of an image's config document (OCI image-spec `config.md`, and Docker's additions). */
export interface ConfigFields {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  readonly Healthcheck?: JsonObject
  readonly OnBuild?: readonly string[]
  readonly Shell?: readonly string[]
}

export interface HistoryEntry {
  readonly created: string
  readonly created_by: string
  readonly comment: string
  readonly empty_layer?: true
}

/** A stage as far as it is built. */
export interface StageState {
  /** The rest of the config document: author, architecture, os, whatever the base brought. */
  readonly document: JsonObject
  readonly config: ConfigFields
  readonly layers: readonly BuiltLayer[]
  /** Of the base as they came, then ours. */
  readonly history: readonly unknown[]
  /** RFC 3339: when its newest layer was made. */
  readonly created: string
  /** What the stage asked for by ARG, with its value. */
  readonly args: Variables
  /** CMD stands in this stage: an ENTRYPOINT drops only one that comes from the base. */
  readonly hasOwnCommand: boolean
}

export type Applied = { readonly kind: 'ok'; readonly state: StageState; readonly createdBy: string } | { readonly kind: 'invalid'; readonly message: string }

export interface ApplyOptions {
  readonly escape: string
  /** What was said on the command line. */
  readonly args: Variables
  /** Before the first FROM, and the platform's. */
  readonly globals: Variables
  /** Of the whole build. */
  readonly budget: Budget
}

export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c']
export const COMMENT = 'gantry image build'

/** What `$NAME` means: an ENV counts more than an ARG of the same name. */
export const variablesOf = ({ args, config }: StageState): Variables => ({ ...args, ...environmentOf(config) })

export const environmentOf = (config: ConfigFields): Variables =>
  Object.fromEntries(
    (config.Env ?? []).map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )

/** The words a command is run by. */
export const commandWords = (command: Command, config: ConfigFields): readonly string[] => (command.form === 'exec' ? command.words : [...(config.Shell ?? DEFAULT_SHELL), command.text])

/** Where a path of the Dockerfile is in the image: relative ones start at the WORKDIR. Pure. */
export function pathIn(config: ConfigFields, path: string): string {
  const whole = path.startsWith('/') ? path : `${config.WorkingDir || '/'}/${path}`
  const parts: string[] = []
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** An empty step of history more: something was said about the image, and no file changed. */
export const withHistory = (state: StageState, createdBy: string, isEmpty = true): StageState => ({
  ...state,
  history: [...state.history, { created: state.created, created_by: createdBy, comment: COMMENT, ...(isEmpty ? { empty_layer: true } : {}) } satisfies HistoryEntry],
})

/** All but those that change files. */
export type Metadata = Extract<Instruction, { readonly kind: Exclude<Instruction['kind'], 'run' | 'copy' | 'add'> }>

export const isMetadata = (instruction: Instruction): instruction is Metadata => instruction.kind !== 'run' && instruction.kind !== 'copy' && instruction.kind !== 'add'

/** Of each kind: more would be looked through again and again. */
const MOST_VARIABLES = 2000

function tooMany({ config, args }: StageState, instruction: Metadata): string | undefined {
  const most = (what: string, known: number, more: number): string | undefined => (known + more > MOST_VARIABLES ? `there may be ${MOST_VARIABLES} ${what}` : undefined)
  switch (instruction.kind) {
    case 'env':
      return most('variables', (config.Env ?? []).length, instruction.pairs.length)
    case 'label':
      return most('labels', Object.keys(config.Labels ?? {}).length, instruction.pairs.length)
    case 'arg':
      return most('arguments', Object.keys(args).length, instruction.args.length)
    default:
      return undefined
  }
}

/** What the steps of ours have said, their variables replaced: they are kept in the image. */
const saidSoFar = ({ history }: StageState): number => (history as ReadonlyArray<Partial<HistoryEntry>>).reduce((sum, { comment, created_by: said }) => (comment === COMMENT ? sum + (said?.length ?? 0) : sum), 0)

/** What an instruction changes that changes no file (WORKDIR's folder is made by whoever has the files). Pure. */
export function applyMetadata(state: StageState, instruction: Metadata, options: ApplyOptions): Applied {
  const variables = variablesOf(state)
  const { escape, budget } = options
  let problem = tooMany(state, instruction)
  if (problem !== undefined) return { kind: 'invalid', message: problem }
  const expand = (word: string): string => {
    // What is wrong already is not made any larger.
    if (problem !== undefined) return ''
    const expanded = expandWord(word, variables, { escape, budget })
    if (expanded.kind === 'ok') return expanded.text
    problem = expanded.message
    return ''
  }
  const take = (characters: number): boolean => (problem ??= spend(budget, 'made', characters)) === undefined
  const next = changed(state, instruction, { ...options, expand, take })
  if (problem === undefined && saidSoFar(state) + next.createdBy.length > MOST_SAID) problem = SAYS_TOO_MUCH
  return problem === undefined ? { kind: 'ok', ...next } : { kind: 'invalid', message: problem }
}

interface Means extends ApplyOptions {
  readonly expand: (word: string) => string
  /** Whether so much more may be made of little. */
  readonly take: (characters: number) => boolean
}

interface Change {
  readonly state: StageState
  readonly createdBy: string
}

function changed(state: StageState, instruction: Metadata, options: Means): Change {
  const { config } = state
  const { expand, take, escape } = options
  const set = (fields: ConfigFields, createdBy: string, more: Partial<StageState> = {}): Change => ({ state: { ...state, ...more, config: { ...config, ...fields } }, createdBy })
  switch (instruction.kind) {
    case 'arg':
      return declared(state, instruction.args, options)
    case 'env': {
      const pairs = instruction.pairs.map(([name, value]): Pair => [expand(name), expand(value)])
      return set({ Env: pairs.reduce(withVariable, config.Env ?? []) }, `ENV ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`)
    }
    case 'label': {
      const pairs = instruction.pairs.map(([name, value]): Pair => [expand(name), expand(value)])
      return set({ Labels: { ...config.Labels, ...Object.fromEntries(pairs) } }, `LABEL ${pairs.map(([name, value]) => `${name}=${value}`).join(' ')}`)
    }
    case 'workdir': {
      const path = pathIn(config, expand(instruction.value))
      return set({ WorkingDir: path }, `WORKDIR ${path}`)
    }
    case 'user': {
      const user = expand(instruction.value)
      return set({ User: user }, `USER ${user}`)
    }
    case 'stopsignal': {
      const signal = expand(instruction.value)
      return set({ StopSignal: signal }, `STOPSIGNAL ${signal}`)
    }
    case 'maintainer': {
      const author = expand(instruction.value)
      return set({}, `MAINTAINER ${author}`, { document: { ...state.document, author } })
    }
    case 'cmd': {
      const words = commandWords(instruction.command, config)
      return set({ Cmd: words }, `CMD ${JSON.stringify(words)}`, { hasOwnCommand: true })
    }
    case 'entrypoint': {
      const words = commandWords(instruction.command, config)
      return set({ Entrypoint: words, ...(state.hasOwnCommand ? {} : { Cmd: [] }) }, `ENTRYPOINT ${JSON.stringify(words)}`)
    }
    case 'shell':
      return set({ Shell: instruction.shell }, `SHELL ${JSON.stringify(instruction.shell)}`)
    case 'expose': {
      const ports = instruction.values.flatMap((value) => quotedWords(expand(value), escape)).flatMap((text) => portsOf(text, take))
      return set({ ExposedPorts: { ...config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) } }, `EXPOSE ${ports.join(' ')}`)
    }
    case 'volume': {
      const paths = instruction.values.map(expand)
      return set({ Volumes: { ...config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) } }, `VOLUME ${JSON.stringify(paths)}`)
    }
    case 'healthcheck':
      return set({ Healthcheck: healthcheckOf(instruction.check) }, instruction.text)
    case 'onbuild':
      return set({ OnBuild: [...(config.OnBuild ?? []), instruction.trigger] }, `ONBUILD ${instruction.trigger}`)
  }
}

function declared(state: StageState, args: ReadonlyArray<{ readonly name: string; readonly value: string | undefined }>, { args: given, globals, expand, take }: Means): Change {
  const own: Record<string, string> = { ...state.args }
  const told: string[] = []
  for (const { name, value } of args) {
    const known = Object.hasOwn(given, name) ? given[name] : value === undefined ? (Object.hasOwn(globals, name) ? globals[name] : undefined) : expand(value)
    // It is in what is told once more.
    if (known !== undefined && !take(known.length)) break
    if (known !== undefined) own[name] = known
    told.push(known === undefined ? name : `${name}=${known}`)
  }
  return { state: { ...state, args: own }, createdBy: `ARG ${told.join(' ')}` }
}

/** A variable keeps its place when it gets a new value. */
function withVariable(env: readonly string[], [name, value]: Pair): readonly string[] {
  const at = env.findIndex((pair) => pair === name || pair.startsWith(`${name}=`))
  return at < 0 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`)
}

/** In characters: every port is a key of a map, which takes more room than what it is called. */
const PORT_COSTS = 64

/** `80`, `53/udp`, `8000-8002`. */
function portsOf(text: string, take: Means['take']): readonly string[] {
  const [, first = '', last, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? []
  if (first === '') return []
  const count = Math.max(0, Math.min(65_535, Number(last ?? first)) - Number(first) + 1)
  if (!take(count * (PORT_COSTS + protocol.length))) return []
  return Array.from({ length: count }, (_, at) => `${Number(first) + at}/${protocol.toLowerCase()}`)
}

const healthcheckOf = ({ test, intervalNanos, timeoutNanos, startPeriodNanos, startIntervalNanos, retries }: Healthcheck): JsonObject => ({
  Test: [...test],
  ...(intervalNanos === undefined ? {} : { Interval: intervalNanos }),
  ...(timeoutNanos === undefined ? {} : { Timeout: timeoutNanos }),
  ...(startPeriodNanos === undefined ? {} : { StartPeriod: startPeriodNanos }),
  ...(startIntervalNanos === undefined ? {} : { StartInterval: startIntervalNanos }),
  ...(retries === undefined ? {} : { Retries: retries }),
})

/** The config document of the image that comes of it. The same build gives the same document. Pure. */
export function documentOf({ document, config, layers, history, created }: StageState, { labels, created: fixed }: { readonly labels: Variables; readonly created: string | undefined }): JsonObject {
  const withLabels = Object.keys(labels).length === 0 ? config : { ...config, Labels: { ...config.Labels, ...labels } }
  const told = fixed === undefined ? history : history.map((entry) => ((entry as HistoryEntry).comment === COMMENT ? { ...(entry as HistoryEntry), created: fixed } : entry))
  return { ...document, created: fixed ?? created, config: withLabels, rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) }, history: told } as unknown as JsonObject
}
