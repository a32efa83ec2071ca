import type { Variables } from '../../shared/model/dockerfile/expand.ts'
import type { RawMount, RunNetwork } from '../../shared/model/dockerfile/instruction.ts'
import { type Digest, digestOf } from '../images/digest.ts'
import type { BuiltLayer } from '../images/build-store.ts'

/** What a step is made of, as one digest: a step of the same key has the same result, as far as anybody can tell. */
export type StepKey = Digest

/** Kept results of another form would be read wrongly. */
const FORM = 2

const keyOf = (layers: readonly BuiltLayer[], step: unknown): StepKey => digestOf(JSON.stringify([FORM, layers.map(({ diffId }) => diffId), step]))

export interface RunStep {
  readonly words: readonly string[]
  /** The texts below it, where they are not in the command itself. */
  readonly script: string
  readonly env: readonly string[]
  /** What the stage asked for by ARG: the command sees it too. */
  readonly args: Variables
  readonly user: string
  readonly workingDir: string
  readonly network: RunNetwork
  /** Secrets count by their names alone. */
  readonly mounts: readonly RawMount[]
  /** What is mounted from the context, stages or images, by its content. */
  readonly mounted: readonly string[]
}

export const runKey = (layers: readonly BuiltLayer[], step: RunStep): StepKey => keyOf(layers, ['run', step.words, step.script, step.env.toSorted(), Object.entries(step.args).toSorted(([a], [b]) => (a < b ? -1 : 1)), step.user, step.workingDir, step.network, step.mounts, step.mounted])

export interface CopyStep {
  readonly kind: 'copy' | 'add'
  readonly destination: string
  readonly owner: string
  readonly mode: string
  readonly options: readonly string[]
  /** Of each source, in order: its name and all that is in it. */
  readonly contents: readonly string[]
}

export const copyKey = (layers: readonly BuiltLayer[], { kind, destination, owner, mode, options, contents }: CopyStep): StepKey => keyOf(layers, [kind, destination, owner, mode, options, contents])

/** A folder that is made belongs to the user. */
export const folderKey = (layers: readonly BuiltLayer[], { path, user }: { readonly path: string; readonly user: string }): StepKey => keyOf(layers, ['folder', path, user])

/** Where no file may be newer than a time, another time makes other layers. */
export const datedKey = (key: StepKey, latestSeconds: number | undefined): StepKey => (latestSeconds === undefined ? key : digestOf(JSON.stringify([key, latestSeconds])))
