/** `diff`: what an apply would change, as the server itself works it out in a dry run. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { ApiObject } from '../cluster/cluster.ts'
import { annotated, current, fromFile, lastApplied, placeOf, plain, type Place } from '../apply/apply-one.ts'
import { readManifests, type Manifest } from '../files/manifests.ts'
import { typeOfKind } from '../files/schemas.ts'
import { threeWayMerge, threeWayStrategic } from '../patch/three-way.ts'
import { yamlText } from '../../shared/model/yaml-text.ts'
import type { Call, Command } from '../program/command.ts'
import { list, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { fieldManager, MANAGED_FIELDS } from '../write/writing.ts'
import { maskedPair } from './secrets.ts'

export const diff: Command = {
  name: 'diff',
  summary: 'Show what an apply would change: exit code 1 if anything',
  usage: '-f FILENAME',
  examples: '# What would change\ngantry diff -f web.yaml\n\n# In words of your own program\nKUBECTL_EXTERNAL_DIFF="colordiff -N -u" gantry diff -f web.yaml',
  flags: [
    list('filename', 'Files, folders, or - for what comes in', { short: 'f' }),
    toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
    toggle('server-side', 'As the server would merge it, field by field and by who manages them'),
    toggle('force-conflicts', 'With --server-side: as if fields that others manage were taken over'),
    fieldManager('kubectl-client-side-apply'),
    MANAGED_FIELDS,
  ],
  run: runDiff,
}

async function runDiff(call: Call): Promise<number> {
  const folder = mkdtempSync(`${tmpdir()}/gantry-diff-`)
  try {
    for (const side of ['LIVE', 'MERGED']) mkdirSync(`${folder}/${side}`)
    for (const manifest of await readManifests(call)) await writeBoth(call, manifest, folder)
    return await compare(call, folder)
  } catch (error) {
    // 1 says that there are differences.
    throw error instanceof Problem && error.exitCode === 1 ? new Problem(error.message, { exitCode: 2, bare: error.bare, cause: error }) : error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function writeBoth(call: Call, manifest: Manifest, folder: string): Promise<void> {
  const { place, wanted } = await placeOf(call, manifest)
  const live = await current(place)
  const merged = await mergedBy(place, wanted, live)
  const [before, after] = maskedPair(live, merged)
  const { group, version, kind } = place.resource
  const name = [group, version, kind, merged.metadata?.namespace, merged.metadata?.name].filter((part) => part).join('.').replace(/[/:]/g, '-')
  if (before) writeFileSync(`${folder}/LIVE/${name}`, yamlText(shown(call, before)))
  writeFileSync(`${folder}/MERGED/${name}`, yamlText(shown(call, after)))
}

/** What the server would store. */
async function mergedBy(place: Place, wanted: ApiObject, live: ApiObject | undefined): Promise<ApiObject> {
  const { call, cluster, path, file } = place
  const query = { dryRun: 'All', fieldManager: call.flags.text('field-manager') }
  try {
    if (call.flags.is('server-side')) {
      const manager = call.flags.given('field-manager') ? query.fieldManager : 'kubectl'
      return await cluster.json({ method: 'PATCH', path, query: { ...query, fieldManager: manager, force: call.flags.is('force-conflicts') ? 'true' : 'false' }, contentType: 'application/apply-patch+yaml', body: plain(wanted), repeatable: true })
    }
    const modified = annotated(wanted)
    if (!live) return await cluster.json({ method: 'POST', path: path.slice(0, path.lastIndexOf('/')), query, body: modified, repeatable: true })
    const type = typeOfKind(modified as Manifest['object'])
    const sides = { original: lastApplied(live, place), modified, current: live }
    const patch = type ? threeWayStrategic(type, sides) : threeWayMerge(sides)
    if (Object.keys(patch).length === 0) return live
    return await cluster.json({ method: 'PATCH', path, query, contentType: type ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json', body: patch, repeatable: true })
  } catch (error) {
    throw fromFile(error, 'diffing', file)
  }
}

function shown({ flags }: Call, object: ApiObject): ApiObject {
  if (flags.is('show-managed-fields')) return object
  const { managedFields: _left, ...metadata } = (object.metadata ?? {}) as Readonly<Record<string, unknown>>
  return { ...object, metadata }
}

/** By the program that people name, `diff -u -N` otherwise; its exit code says what it found. */
async function compare(call: Call, folder: string): Promise<number> {
  const [program = 'diff', ...words] = (call.env['KUBECTL_EXTERNAL_DIFF'] || 'diff -u -N').split(' ').filter((word) => word !== '')
  const { startPiped } = await import('../../deploy/lab/lab.ts')
  const { input, output, ended } = startPiped(program, [...words, `${folder}/LIVE`, `${folder}/MERGED`])
  input.end()
  for await (const bytes of output) call.terminal.bytes(bytes as Buffer)
  const { code, stderr } = await ended
  if (code === 127) throw new Problem(`${program} cannot be run: ${stderr.trim()}: name another with KUBECTL_EXTERNAL_DIFF`, { exitCode: 2 })
  call.terminal.err(stderr)
  return code
}
