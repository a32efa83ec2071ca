/** `edit`: the object in an editor, and what was changed sent back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { ApiObject } from '../cluster/cluster.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { manifestsIn, type Manifest } from '../files/manifests.ts'
import { typeOfKind } from '../files/schemas.ts'
import { diffMaps } from '../patch/strategic.ts'
import { problemsIn } from '../files/validate.ts'
import { locatedText } from '../files/position.ts'
import { yamlText } from '../../shared/model/yaml-text.ts'
import type { Call, Command } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, fetchTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { fieldManager, MANAGED_FIELDS, OUTPUT, report } from '../write/writing.ts'

export const edit: Command = {
  name: 'edit',
  summary: 'Change an object in an editor',
  usage: '(TYPE NAME | -f FILENAME)',
  flags: [...TARGET_FLAGS, OUTPUT, fieldManager('kubectl-edit'), MANAGED_FIELDS],
  async run(call) {
    return await eachTarget(call, await targetsOf(call, call.args), (target) => editOne(call, target))
  },
}

const HEAD = '# Please edit the object below. Lines beginning with a \'#\' will be ignored,\n# and an empty file will abort the edit. If an error occurs while saving this file will be\n# reopened with the relevant failures.\n#\n'
const ATTEMPTS = 20

async function editOne(call: Call, target: Target): Promise<void> {
  const cluster = await call.cluster()
  const before = withoutManaged(await fetchTarget(cluster, target))
  const folder = mkdtempSync(`${tmpdir()}/gantry-edit-`)
  const file = `${folder}/${target.name}.yaml`
  let text = yamlText(before)
  let said = ''
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      writeFileSync(file, `${HEAD}${said.split('\n').map((line) => (line === '' ? '' : `# ${line}\n`)).join('')}${text}`)
      await openEditor(call, file)
      const edited = readFileSync(file, 'utf8').replace(/^(?:#.*\n)+/, '')
      if (edited.trim() === '' || edited === yamlText(before)) return call.terminal.out('Edit cancelled, no changes made.\n')
      if (edited === text && said !== '') throw new Problem(`Edit cancelled, no valid changes were saved.\n${said}`)
      text = edited
      const outcome = await save(call, target, { before, edited, file })
      if (outcome === undefined) return
      said = outcome
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function withoutManaged(object: ApiObject): ApiObject {
  const { managedFields: _left, ...metadata } = (object.metadata ?? {}) as Readonly<Record<string, unknown>>
  return { ...object, metadata }
}

interface Edited {
  readonly before: ApiObject
  readonly edited: string
  readonly file: string
}

/** Answers what was wrong, if anything. */
async function save(call: Call, target: Target, { before, edited, file }: Edited): Promise<string | undefined> {
  let manifest: Manifest | undefined
  try {
    manifest = manifestsIn([{ name: file, text: edited }])[0]
  } catch (error) {
    return (error as Error).message
  }
  if (!manifest) return 'the file holds no object'
  const problems = problemsIn(manifest)
  if (problems.length > 0) return problems.map(locatedText).join('\n')
  const type = typeOfKind(manifest.object)
  const body = { ...diffMaps(type, { before, after: manifest.object }, {}) }
  if (Object.keys(body).length === 0) {
    call.terminal.out('Edit cancelled, no changes made.\n')
    return undefined
  }
  try {
    const cluster = await call.cluster()
    const changed = await cluster.json({ method: 'PATCH', path: target.path, query: { fieldManager: call.flags.text('field-manager'), fieldValidation: 'Strict' }, contentType: type ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json', body })
    await report(call, changed, { name: target.shown, verb: 'edited' })
    return undefined
  } catch (error) {
    if (!isStatusProblem(error)) throw error
    return statusText(error)
  }
}

async function openEditor({ env }: Call, file: string): Promise<void> {
  const editor = env['KUBE_EDITOR'] || env['VISUAL'] || env['EDITOR'] || 'vi'
  const { runOnTerminal } = await import('../../deploy/lab/lab.ts')
  const code = await runOnTerminal('sh', ['-c', `${editor} "$1"`, 'edit', file])
  if (code !== 0) throw new Problem(`there was a problem with the editor "${editor}": set EDITOR to one that is installed`)
}
