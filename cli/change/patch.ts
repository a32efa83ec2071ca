import { readFileSync } from 'node:fs'
import type { Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { eachTarget, fetchTarget, TARGET_FLAGS, targetsOf } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, OUTPUT, report, writeQuery } from '../write/writing.ts'
import { readDocuments } from '../files/yaml-documents.ts'
import { locatedText } from '../files/position.ts'

const TYPES: Readonly<Record<string, string>> = { json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json' }

/** The patch as JSON; it may be written as YAML. @throws Problem with the place */
function readPatch(given: string, name: string): unknown {
  const read = readDocuments({ name, text: given })
  if (read.kind === 'problems') throw new Problem(`unable to parse the patch: ${read.problems.map(locatedText).join('\n')}`)
  const [document] = read.documents
  if (!document) throw new Problem('the patch is empty')
  return document.value
}

export const patch: Command = {
  name: 'patch',
  summary: 'Change fields of an object',
  usage: '(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]',
  examples: `# Strategic merge\ngantry patch node n1 -p '{"spec":{"unschedulable":true}}'\n\n# JSON patch\ngantry patch pod web-0 --type=json -p '[{"op":"replace","path":"/spec/containers/0/image","value":"busybox:1.36"}]'`,
  flags: [...TARGET_FLAGS, text('patch', 'The patch, as JSON or YAML', { short: 'p' }), text('patch-file', 'A file that holds the patch'), text('type', 'json, merge or strategic', { default: 'strategic' }), text('subresource', 'The subresource to patch: status or scale'), OUTPUT, DRY_RUN, fieldManager('kubectl-patch'), MANAGED_FIELDS],
  async run(call) {
    const { flags } = call
    const contentType = TYPES[flags.text('type') ?? '']
    if (contentType === undefined) throw new Problem(`--type must be one of ${Object.keys(TYPES).join(', ')}, not "${flags.text('type')}"`)
    const file = flags.text('patch-file')
    const given = file === undefined ? flags.text('patch') : readFileSync(file, 'utf8')
    if (given === undefined || given === '') throw usageProblem('must specify --patch or --patch-file containing the contents of the patch', 'patch')
    const body = readPatch(given, file ?? 'PATCH')
    const cluster = await call.cluster()
    return await eachTarget(call, await targetsOf(call, call.args), async (target) => {
      const before = await fetchTarget(cluster, target)
      const subresource = flags.text('subresource')
      const path = subresource === undefined ? target.path : `${target.path}/${subresource}`
      const patched = dryRunOf(call) === 'client' ? before : await cluster.json({ method: 'PATCH', path, query: writeQuery(call), contentType, body })
      const same = patched.metadata?.resourceVersion === before.metadata?.resourceVersion
      await report(call, patched, { name: target.shown, verb: same && dryRunOf(call) === 'none' ? 'patched (no change)' : 'patched' })
    })
  },
}
