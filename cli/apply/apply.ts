import type { Command, Call } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { readManifests, type Manifest } from '../files/manifests.ts'
import { validate, withPlaces } from '../files/validate.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { Problem } from '../program/problem.ts'
import { DRY_RUN, fieldManager, MANAGED_FIELDS, OUTPUT, VALIDATE } from '../write/writing.ts'
import { applyOne } from './apply-one.ts'

export const apply: Command = {
  name: 'apply',
  summary: 'Make the cluster as files say, creating and changing objects',
  usage: '-f FILENAME',
  examples: '# Apply what is in a file\ngantry apply -f web.yaml\n\n# All files of a folder and those below it\ngantry apply -R -f manifests/\n\n# What comes in\ncat pod.json | gantry apply -f -',
  flags: [
    list('filename', 'Files, folders, or - for what comes in', { short: 'f' }),
    toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
    text('selector', 'Only those objects of the files that the label query takes', { short: 'l' }),
    OUTPUT,
    DRY_RUN,
    VALIDATE,
    fieldManager('kubectl-client-side-apply'),
    toggle('server-side', 'Let the server merge, field by field and by who manages them'),
    toggle('force-conflicts', 'With --server-side: take over fields that others manage'),
    toggle('force', 'Delete and create again what cannot be changed'),
    toggle('overwrite', 'Accepted as kubectl has it', { default: 'true' }),
    MANAGED_FIELDS,
  ],
  run: async (call) => await applyManifests(call, await readManifests(call)),
}

/** Applies them in their order. What the server refuses is told, and the rest still applied. Answers the exit code. */
export async function applyManifests(call: Call, manifests: readonly Manifest[]): Promise<number> {
  validate(manifests, call)
  const selected = await selectedBy(call, manifests)
  let failed = false
  for (const manifest of selected) {
    try {
      await applyOne(call, manifest)
    } catch (error) {
      const placed = withPlaces(error, manifest)
      if (isStatusProblem(placed)) call.terminal.err(`${statusText(placed)}\n`)
      else if (placed instanceof Problem && selected.length > 1) call.terminal.err(`error: ${placed.message}\n`)
      else throw placed
      failed = true
    }
  }
  return failed ? 1 : 0
}

async function selectedBy(call: Call, manifests: readonly Manifest[]): Promise<readonly Manifest[]> {
  const selector = call.flags.text('selector')
  if (selector === undefined) return manifests
  const { labelMatcher } = await import('../cluster/labels.ts')
  const matches = labelMatcher(selector)
  return manifests.filter(({ object }) => matches(object.metadata?.labels ?? {}))
}
