/**
 * What a real Kubernetes answered, replayed against a whole control plane without nodes. `test/conformance/disagreeing.json` names the cases whose answers
 * are known to differ, each with its reason; `GANTRY_UPDATE_DISAGREEING=1` writes that list anew, keeping reasons.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agrees, casesWithoutNodes, firstDifference, replay, type Replayed } from '../conformance/replayed.ts'
import { startWholeServer } from '../conformance/whole-server.ts'

const LIST = join(import.meta.dirname, '../conformance/disagreeing.json')
const disagreeing = JSON.parse(readFileSync(LIST, 'utf8')) as Readonly<Record<string, string>>
const PARALLEL = 12
/** So many are no accident. */
const MANY = 40

test('every recorded case agrees, but those that are listed', { timeout: 600_000 }, async () => {
  await using server = await startWholeServer()
  const scratch = mkdtempSync(join(tmpdir(), 'gantry-recorded-'))
  try {
    const kubeconfig = join(scratch, 'kubeconfig')
    await server.writeKubeconfig(kubeconfig)
    const all = casesWithoutNodes()
    const first = await replay({ kubeconfig, cases: all.filter((one) => disagreeing[one.case] === undefined), parallel: PARALLEL, patience: 0.6 })
    // A machine under load may be late: those that disagree are asked again, with little beside them.
    const suspects = new Set(first.filter((one) => !agrees(one)).map((one) => one.case))
    const again = await replay({ kubeconfig, cases: all.filter((one) => suspects.has(one.case)), ...(suspects.size > MANY ? { parallel: PARALLEL, patience: 0.2 } : { parallel: 2, patience: 1 }) })
    const listed = await replay({ kubeconfig, cases: all.filter((one) => disagreeing[one.case] !== undefined), parallel: PARALLEL, patience: 0.1 })
    const wrong = again.filter((one) => !agrees(one))
    const mended = listed.filter(agrees).map((one) => one.case)
    if (mended.length > 0) process.stdout.write(`listed as disagreeing, but they agree now: ${mended.join(', ')}\n`)
    if (process.env['GANTRY_UPDATE_DISAGREEING']) writeList([...listed.filter((one) => !agrees(one)), ...wrong])
    else expect(wrong.map((one) => `${one.area} ${one.case}: ${firstDifference(one)}`)).toEqual([])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

function writeList(found: readonly Replayed[]): void {
  const entries = found.toSorted((a, b) => `${a.area} ${a.case}`.localeCompare(`${b.area} ${b.case}`)).map((one) => [one.case, disagreeing[one.case] ?? `${one.area}: not yet (${firstDifference(one)})`])
  writeFileSync(LIST, `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`)
}

test('the list names cases that there are', () => {
  const names = new Set(casesWithoutNodes().map((one) => one.case))
  expect(Object.keys(disagreeing).filter((name) => !names.has(name))).toEqual([])
})
