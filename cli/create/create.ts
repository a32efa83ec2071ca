import { readManifests } from '../files/manifests.ts'
import { validate, withPlaces } from '../files/validate.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { pathOf, objectName, resourceOfKind } from '../cluster/resources.ts'
import { fromFile } from '../apply/apply-one.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { usageProblem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, namespaceOf, OUTPUT, report, VALIDATE, withNamespace, writeQuery } from '../write/writing.ts'
import { GENERATORS } from './generators.ts'
import { tokenCommand } from './token.ts'

export const create: Command = {
  name: 'create',
  summary: 'Create objects from files or from the command line',
  usage: '-f FILENAME',
  examples: '# From a file\ngantry create -f web.yaml\n\n# Without one\ngantry create deployment web --image=docker.io/library/busybox:1.35 --replicas=3 -- sleep 3600',
  subcommands: [...GENERATORS, tokenCommand],
  flags: [list('filename', 'Files, folders, or - for what comes in', { short: 'f' }), toggle('recursive', 'Go into the folders of -f', { short: 'R' }), text('selector', 'Accepted as kubectl has it', { short: 'l' }), toggle('save-config', 'Note what was given, so that apply can go on from it'), OUTPUT, DRY_RUN, VALIDATE, fieldManager('kubectl-create'), MANAGED_FIELDS],
  async run(call) {
    if (!call.flags.given('filename')) throw usageProblem('must specify one of -f and -k', 'create')
    return await createManifests(call)
  },
}

async function createManifests(call: Call): Promise<number> {
  const cluster = await call.cluster()
  const manifests = await readManifests(call)
  validate(manifests, call)
  let failed = false
  for (const manifest of manifests) {
    const resource = await resourceOfKind(cluster, manifest.object)
    const namespace = resource.namespaced ? namespaceOf(manifest.object, cluster) : undefined
    const object = withNamespace(manifest.object, namespace)
    try {
      const created = dryRunOf(call) === 'client' ? object : await cluster.json({ method: 'POST', path: pathOf(resource, { namespace }), query: { ...writeQuery(call), fieldValidation: 'Strict' }, body: object })
      await report(call, created, { name: objectName(resource, created.metadata?.name ?? ''), verb: 'created' })
    } catch (error) {
      const placed = withPlaces(fromFile(error, 'creating', manifest.file), manifest)
      if (!isStatusProblem(placed)) throw placed
      call.terminal.err(`${statusText(placed)}\n`)
      failed = true
    }
  }
  return failed ? 1 : 0
}
