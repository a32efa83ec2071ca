/** One build: the stages of a Dockerfile, one after the other, step by step, to an image. */
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { newBudget } from '../../shared/model/dockerfile/budget.ts'
import { expandWord, type ExpandOptions } from '../../shared/model/dockerfile/expand.ts'
import { ignoreRules } from '../../shared/model/dockerfile/ignore.ts'
import type { Dockerfile, Instruction } from '../../shared/model/dockerfile/instruction.ts'
import { parseTrigger } from '../../shared/model/dockerfile/parse.ts'
import { type Base, type BuildPlan, type PlannedStage, sourceOf } from '../../shared/model/dockerfile/plan.ts'
import type { BuildLine, BuildRequest } from '../../shared/model/image-api.ts'
import { isJsonObject } from '../../shared/model/json.ts'
import { formatTime } from '../../shared/model/time.ts'
import { removeTree } from '../host/files.ts'
import { systemSpecialFiles } from '../host/files-special.ts'
import { type BuildStore, type BuiltLayer, fullNames } from '../images/build-store.ts'
import { imageArchitecture } from '../images/image-source.ts'
import { packChanges } from '../images/pack-changes.ts'
import type { Image } from '../images/port.ts'
import { loginsOf } from '../images/registry/logins.ts'
import type { RegistryLogin } from '../images/registry/port.ts'
import type { Turns } from '../images/turns.ts'
import { TreeCopier } from './copy-tree.ts'
import { doCopy, lookAtCopy, ownerOf } from './copy.ts'
import { copyKey, datedKey, folderKey, type StepKey } from './keys.ts'
import { fetchForAdd, type Fetched } from './fetch.ts'
import { runInstruction } from './run.ts'
import type { SourceRoot } from './sources.ts'
import { applyMetadata, type ConfigFields, documentOf, type Metadata, type StageState, variablesOf, withHistory } from './state.ts'
import { type BuildParts, Workplace } from './workplace.ts'

export interface BuildOptions {
  readonly parts: BuildParts
  readonly request: BuildRequest
  readonly file: Dockerfile
  readonly plan: BuildPlan & { readonly kind: 'ok' }
  readonly store: BuildStore
  /** The files that were sent. */
  readonly context: string
  /** Cache mounts that are nobody else's meanwhile. */
  readonly locks: Turns
  readonly tell: (line: BuildLine) => void
  readonly signal: AbortSignal
}

/** What a step came to, and whether that was known. */
export interface StepResult {
  readonly state: StageState
  readonly isCached: boolean
}

export const special = systemSpecialFiles()

/** Throws Fault('invalid' | 'not-found' | …) in words for people, after what was done is cleared away. */
export async function build(options: BuildOptions): Promise<Image> {
  const names = fullNames(options.request.tags)
  await using workplace = new Workplace(options.parts, options.store.folder)
  const one = new Build(options, workplace)
  const state = await one.stages()
  const { store, request } = options
  return await store.finish(documentOf(state, { labels: request.labels, created: one.fixedTime }), state.layers, names)
}

export class Build {
  readonly options: BuildOptions
  readonly workplace: Workplace
  readonly logins: readonly RegistryLogin[]
  /** SOURCE_DATE_EPOCH: when everything was made, so that the same build gives the same bytes. In seconds. */
  readonly epochSeconds: number | undefined
  /** What its variables have cost so far, in all stages. */
  readonly budget = newBudget()
  readonly #done = new Map<number, StageState>()
  #steps = 0

  constructor(options: BuildOptions, workplace: Workplace) {
    this.options = options
    this.workplace = workplace
    this.logins = options.request.logins === undefined ? [] : loginsOf(options.request.logins, 'person')
    const epoch = options.request.args['SOURCE_DATE_EPOCH']
    this.epochSeconds = epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) : undefined
  }

  get fixedTime(): string | undefined {
    return this.epochSeconds === undefined ? undefined : formatTime(this.epochSeconds * 1000)
  }

  now(): string {
    return this.fixedTime ?? formatTime(this.options.parts.clock.nowMs())
  }

  /** Answers the last one, which is the target. */
  async stages(): Promise<StageState> {
    let last: StageState | undefined
    for (const planned of this.options.plan.stages) {
      last = await this.#stage(planned)
      this.#done.set(planned.stage.index, last)
    }
    if (last === undefined) throw new Fault('invalid', 'there is no stage to build')
    return last
  }

  async #stage(planned: PlannedStage): Promise<StageState> {
    const { stage } = planned
    const title = this.#titles(planned)
    const begun = await this.#begin(planned, title)
    const triggers = (begun.config.OnBuild ?? []).map((text): Instruction => {
      const parsed = parseTrigger(text, stage.line)
      if (parsed.kind === 'invalid') throw this.#at(stage.line, new Fault('invalid', `the base image's ONBUILD ${text}: ${parsed.message}`))
      return parsed.instruction
    })
    const { OnBuild: _, ...config } = begun.config
    let state: StageState = { ...begun, config }
    title.count(triggers.length === 0 ? [] : triggers)
    for (const instruction of [...triggers, ...stage.instructions]) state = await this.#instruction(state, instruction, { planned, title })
    return state
  }

  /** `[build 2/5]`: the stage where there are several, and which of its steps that take time. */
  #titles({ stage }: PlannedStage): Titles {
    const isOnly = this.options.plan.stages.length === 1
    return new Titles(isOnly ? '' : `${stage.name ?? `stage-${stage.index}`} `, stage.instructions)
  }

  async #begin({ stage, base }: PlannedStage, title: Titles): Promise<StageState> {
    const empty = { args: {}, hasOwnCommand: false }
    const { request } = this.options
    // What a stage asked for by ARG is known in those built on it.
    if (base.kind === 'stage') return { ...this.#stageAt(base.index), hasOwnCommand: false }
    if (base.kind === 'scratch') {
      title.skip()
      return { ...empty, document: { architecture: imageArchitecture(process.arch), os: 'linux' }, config: {}, layers: [], history: [], created: this.now() }
    }
    return await this.step(title.next(`FROM ${base.reference}`), stage.line, async (step) => {
      const isHere = !request.pull && (await this.options.parts.images.find(base.reference)) !== undefined
      const { document, layers } = await this.#image(base.reference, step)
      const { config = {}, rootfs: _rootfs, history = [], created, ...rest } = document
      const state: StageState = { ...empty, document: rest, config: (isJsonObject(config) ? config : {}) as unknown as ConfigFields, layers, history: Array.isArray(history) ? history : [], created: typeof created === 'string' ? created : this.now() }
      return { state, isCached: isHere }
    })
  }

  #stageAt(index: number): StageState {
    const state = this.#done.get(index)
    if (state === undefined) throw new Fault('internal', `stage ${index} was not built before it was asked for`)
    return state
  }

  /** Brings it where it is missing, by the rule of pods. */
  async #image(reference: string, step: number): ReturnType<BuildStore['base']> {
    const { parts, request, store, signal, tell } = this.options
    const onProgress = ({ digest, doneBytes, totalBytes }: { readonly digest: string; readonly doneBytes: number; readonly totalBytes: number }): void => tell({ kind: 'pull', step, digest, doneBytes, totalBytes })
    const ensured = await parts.images.ensure(reference, request.pull ? 'Always' : 'IfNotPresent', { signal, logins: this.logins, onProgress })
    if (ensured.kind === 'refused') throw new Fault('not-found', ensured.message)
    return await store.base(ensured.image.id)
  }

  /** The files of a stage or an image. */
  async rootOf(base: Base, name: string, step: number): Promise<SourceRoot> {
    if (base.kind === 'scratch') return { folder: await this.workplace.readable([]), title: 'scratch' }
    const layers = base.kind === 'stage' ? this.#stageAt(base.index).layers : (await this.#image(base.reference, step)).layers
    return { folder: await this.workplace.readable(this.options.store.pathsOf(layers)), title: base.kind === 'stage' ? `the stage ${name}` : `the image ${name}` }
  }

  async #instruction(state: StageState, instruction: Instruction, { planned, title }: { readonly planned: PlannedStage; readonly title: Titles }): Promise<StageState> {
    const { escape } = this.options.file
    const sourceRoot = async (from: string | undefined, step: number): Promise<SourceRoot> => {
      if (from === undefined) return { folder: this.options.context, title: 'the context' }
      // A trigger of the base image names stages that nobody planned.
      const base = planned.sources.get(from) ?? sourceOf(from, this.options.file.stages.slice(0, planned.stage.index).filter(({ index }) => this.#done.has(index)))
      return await this.rootOf(base, from, step)
    }
    switch (instruction.kind) {
      case 'run':
        return await this.step(title.next(instruction.text), instruction.line, (step) => runInstruction(this, state, { instruction, step, rootOf: (from) => sourceRoot(from, step) }))
      case 'copy':
      case 'add':
        return await this.step(title.next(instruction.text), instruction.line, (step) => this.#copy(state, instruction, { escape, root: () => sourceRoot(instruction.from, step) }))
      case 'workdir':
        return await this.step(title.next(instruction.text), instruction.line, () => this.#workdir(state, instruction))
      default:
        return this.#metadata(state, instruction)
    }
  }

  #metadata(state: StageState, instruction: Metadata): StageState {
    const { request, plan, file } = this.options
    const applied = applyMetadata(state, instruction, { escape: file.escape, args: request.args, globals: plan.globals, budget: this.budget })
    if (applied.kind === 'invalid') throw this.#at(instruction.line, new Fault('invalid', applied.message))
    return withHistory(applied.state, applied.createdBy)
  }

  async #workdir(state: StageState, instruction: Instruction & { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer' }): Promise<StepResult> {
    const named = this.#metadata(state, instruction)
    const { WorkingDir: path = '/', User: user = '' } = named.config
    return await this.layer({ ...named, history: state.history }, folderKey(state.layers, { path, user }), {
      createdBy: `WORKDIR ${path}`,
      // Whoever works there may write there.
      change: async (rootfs) => void (await new TreeCopier(rootfs, { special, owner: user === '' ? undefined : await ownerOf(rootfs, user, 'USER '), mode: undefined, excluded: ignoreRules([]), signal: this.options.signal }).folder(path)),
    })
  }

  async #copy(state: StageState, instruction: Instruction & { readonly kind: 'copy' | 'add' }, { escape, root }: { readonly escape: string; readonly root: () => Promise<SourceRoot> }): Promise<StepResult> {
    const variables = variablesOf(state)
    const { parts, request, store, signal } = this.options
    const expanding = { escape, budget: this.budget }
    const expand = expander(variables, expanding)
    const folder = join(store.folder, 'fetched')
    const checksum = instruction.checksum === undefined ? undefined : expand(instruction.checksum)
    let count = 0
    const fetch = (url: string): Promise<Fetched> => fetchForAdd(url, { clock: parts.clock, folder: join(folder, String(count++)), network: request.network, checksum, signal })
    try {
      const work = await lookAtCopy(instruction, { expand, variables, expanding, config: state.config, root: await root(), fetch })
      return await this.layer(state, copyKey(state.layers, work.key), { createdBy: instruction.text, change: (rootfs) => doCopy(work, { rootfs, folder: store.folder, special, signal }) })
    } finally {
      if (count > 0) await removeTree(folder)
    }
  }

  /** A step whose result is a layer: known from before, or made and kept. */
  async layer(state: StageState, step: StepKey, { createdBy, change, mountPoints = [] }: LayerWork): Promise<StepResult> {
    const { store, request } = this.options
    const key = datedKey(step, this.epochSeconds)
    const known = request.noCache ? undefined : await store.cached(key)
    if (known !== undefined) return { state: onTop(state, { layer: known.layer, created: known.created, createdBy }), isCached: true }
    const { key: snapshot, rootfs } = await this.workplace.writable(store.pathsOf(state.layers))
    await change(rootfs, snapshot)
    this.options.signal.throwIfAborted()
    const layer = await store.addLayer(state.layers, packChanges(await this.workplace.changes(snapshot), { special, mountPoints, latestSeconds: this.epochSeconds }))
    await this.workplace.drop(snapshot)
    const created = this.now()
    await store.remember(key, { layer, created })
    return { state: onTop(state, { layer, created, createdBy }), isCached: false }
  }

  /** Tells of a step from its beginning to its end. */
  async step(name: string, line: number, work: (step: number) => Promise<StepResult>): Promise<StageState> {
    const { tell, parts, signal } = this.options
    signal.throwIfAborted()
    const step = ++this.#steps
    const startMs = parts.clock.monotonicMs()
    const told = (state: 'started' | 'cached' | 'done' | 'failed'): void => tell({ kind: 'step', step, name, state, tookMs: Math.round(parts.clock.monotonicMs() - startMs) })
    told('started')
    try {
      const { state, isCached } = await work(step)
      told(isCached ? 'cached' : 'done')
      return state
    } catch (error) {
      told('failed')
      throw this.#at(line, error)
    }
  }

  #at(line: number, error: unknown): unknown {
    return error instanceof Fault ? new Fault(error.code, `${this.options.request.name}:${line}: ${error.message}`, { cause: error }) : error
  }
}

export interface LayerWork {
  readonly createdBy: string
  /** Changes the files. */
  readonly change: (rootfs: string, snapshot: string) => Promise<void>
  readonly mountPoints?: readonly string[]
}

function onTop(state: StageState, { layer, created, createdBy }: { readonly layer: BuiltLayer | undefined; readonly created: string; readonly createdBy: string }): StageState {
  if (layer === undefined) return withHistory(state, createdBy)
  return withHistory({ ...state, layers: [...state.layers, layer], created }, createdBy, false)
}

/** Replaces variables. Throws Fault('invalid'). */
export const expander =
  (variables: Readonly<Record<string, string>>, options: ExpandOptions) =>
  (word: string): string => {
    const expanded = expandWord(word, variables, options)
    if (expanded.kind === 'invalid') throw new Fault('invalid', expanded.message)
    return expanded.text
  }

const TAKES_TIME: ReadonlySet<string> = new Set(['run', 'copy', 'add', 'workdir'])

/** Names of the steps of one stage. */
class Titles {
  readonly #stage: string
  #total: number
  #at = 0

  constructor(stage: string, instructions: readonly Instruction[]) {
    this.#stage = stage
    this.#total = 1 + instructions.filter(({ kind }) => TAKES_TIME.has(kind)).length
  }

  /** More of them than the file has. */
  count(more: readonly Instruction[]): void {
    this.#total += more.filter(({ kind }) => TAKES_TIME.has(kind)).length
  }

  /** The first step is none: there is no base to be fetched. */
  skip(): void {
    this.#total--
  }

  next(text: string): string {
    const one = text.replace(/\s+/g, ' ')
    return `[${this.#stage}${++this.#at}/${this.#total}] ${one}`
  }
}
