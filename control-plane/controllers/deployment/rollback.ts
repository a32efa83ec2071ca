/** What the old annotation asks for that tells a Deployment to go back to a template it had before. PURE. */
import type { Deployment, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { mergeDiff } from '../../../shared/model/merge-diff.ts'
import type { Happening } from '../events/recorder.ts'
import type { Draft } from './draft.ts'
import { isSameTemplate, NOT_COPIED, revisionOf, ROLLBACK, withoutHash, type Generations } from './revisions.ts'

export interface Rollback {
  /** A merge patch of the deployment's metadata and spec, without the annotation: whatever was asked for is asked for no more. */
  readonly patch: JsonObject
  readonly told: Happening
}

const INT64_MAX = 2n ** 63n - 1n

/** The revision that is asked for, 0 for the last but one; what is no number asks for nothing. */
export function wantedRevision(deployment: Deployment): bigint | undefined {
  const text = deployment.metadata.annotations?.[ROLLBACK] ?? ''
  if (!/^[+-]?\d+$/.test(text)) return undefined
  const revision = BigInt(text.replace('+', ''))
  return revision > INT64_MAX || revision < -INT64_MAX - 1n ? undefined : revision
}

/** @param generations with a replica set for the present template: its revision is one of those that can be meant. */
export function rollbackTo(deployment: Deployment, { current, old }: Generations, wanted: bigint): Rollback {
  const all = current ? [...old, current] : old
  const revision = wanted === 0n ? lastButOne(all) : wanted
  if (revision === 0n) return giveUp(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find last revision.')
  const found = all.find((draft) => BigInt(revisionOf(draft)) === revision)
  if (!found) return giveUp(deployment, 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.')
  const name = JSON.stringify(deployment.metadata.name)
  if (isSameTemplate(deployment.spec?.template, found.set.spec?.template)) return giveUp(deployment, 'DeploymentRollbackTemplateUnchanged', `The rollback revision contains the same template as current deployment ${name}`)
  const template = withoutHash(found.set.spec?.template)
  return { patch: patchOf(deployment, annotationsBackFrom(deployment, found), template), told: { type: 'Normal', reason: 'DeploymentRollback', message: `Rolled back deployment ${name} to revision ${revision}` } }
}

const lastButOne = (all: readonly Draft[]): bigint => BigInt(all.map(revisionOf).toSorted((a, b) => b - a)[1] ?? 0)

const giveUp = (deployment: Deployment, reason: string, message: string): Rollback => ({ patch: patchOf(deployment, { ...deployment.metadata.annotations }, deployment.spec?.template), told: { type: 'Warning', reason, message } })

/** A replica set has the annotations that its deployment had then: they come back with the template. */
function annotationsBackFrom(deployment: Deployment, { annotations }: Draft): Readonly<Record<string, string>> {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => NOT_COPIED.has(key))
  const former = Object.entries(annotations).filter(([key]) => !NOT_COPIED.has(key))
  return Object.fromEntries([...own, ...former])
}

function patchOf({ metadata, spec }: Deployment, annotations: Readonly<Record<string, string>>, template: PodTemplateSpec | undefined): JsonObject {
  const { [ROLLBACK]: _asked, ...kept } = annotations
  return mergeDiff({ metadata: { annotations: metadata.annotations }, spec: { template: spec?.template } }, { metadata: { annotations: kept }, spec: { template } }) ?? {}
}
