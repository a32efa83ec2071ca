import { fromFile } from '../apply/apply-one.ts'
import { objectName, pathOf, resourceOfKind } from '../cluster/resources.ts'
import { isNotFound, isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { waitUntilGone } from '../delete/gone.ts'
import { readManifests, type Manifest } from '../files/manifests.ts'
import { validate, withPlaces } from '../files/validate.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, namespaceOf, OUTPUT, report, VALIDATE, withNamespace, writeQuery } from '../write/writing.ts'

export const replace: Command = {
  name: 'replace',
  summary: 'Replace objects by what files say',
  usage: '-f FILENAME',
  flags: [list('filename', 'Files, folders, or - for what comes in', { short: 'f' }), toggle('recursive', 'Go into the folders of -f', { short: 'R' }), toggle('force', 'Delete and create again'), text('grace-period', 'With --force: seconds given to end', { default: '-1' }), toggle('save-config', 'Accepted as kubectl has it'), OUTPUT, DRY_RUN, VALIDATE, fieldManager('kubectl-replace'), MANAGED_FIELDS],
  async run(call) {
    const manifests = await readManifests(call)
    validate(manifests, call)
    let failed = false
    for (const manifest of manifests) {
      try {
        await replaceOne(call, manifest)
      } catch (error) {
        const placed = withPlaces(fromFile(error, 'replacing', manifest.file), manifest)
        if (!isStatusProblem(placed)) throw placed
        call.terminal.err(`${statusText(placed)}\n`)
        failed = true
      }
    }
    return failed ? 1 : 0
  },
}

async function replaceOne(call: Call, { object: given }: Manifest): Promise<void> {
  const cluster = await call.cluster()
  const resource = await resourceOfKind(cluster, given)
  const namespace = resource.namespaced ? namespaceOf(given, cluster) : undefined
  const object = withNamespace(given, namespace)
  const objectsName = given.metadata?.name ?? ''
  const path = pathOf(resource, { namespace, name: objectsName })
  const name = objectName(resource, objectsName)
  const query = { ...writeQuery(call), fieldValidation: 'Strict' }
  if (dryRunOf(call) === 'client') return await report(call, object, { name, verb: 'replaced' })
  if (!call.flags.is('force')) return await report(call, await cluster.json({ method: 'PUT', path, query, body: object }), { name, verb: 'replaced' })
  const grace = Number(call.flags.text('grace-period'))
  try {
    await cluster.json({ method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}) } })
    call.terminal.out(`${resource.kind.toLowerCase()}${resource.group === '' ? '' : `.${resource.group}`} "${objectsName}" deleted\n`)
    await waitUntilGone(cluster, [{ path, name, uid: undefined }], { timeoutMs: 0, signal: call.signal })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  await report(call, await cluster.json({ method: 'POST', path: pathOf(resource, { namespace }), query, body: object }), { name, verb: 'replaced' })
}
