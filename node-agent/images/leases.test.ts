import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { Leases } from './leases.ts'

let root = ''
const leasesFolder = (): string => join(root, 'leases')
const lease = (holder: string) => ({ holder, kind: 'container', layers: ['aa'], blobs: [] }) as const
async function opened(): Promise<Leases> {
  const leases = new Leases(root, systemClock)
  await leases.open()
  return leases
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-leases-'))
  mkdirSync(join(root, 'snapshot'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a lease of a container holds as long as its folder is there', async () => {
  const leases = await opened()
  const holder = join(root, 'snapshot')
  await leases.takeBriefly(lease(holder))
  expect(await leases.list()).toEqual([lease(holder)])
  rmSync(holder, { recursive: true })
  expect([await leases.list(), readdirSync(leasesFolder())]).toEqual([[], []])
})

test('one that a power cut has emptied is none, and the others hold', async () => {
  const leases = await opened()
  await leases.takeBriefly(lease(join(root, 'snapshot')))
  for (const [name, text] of [['torn', ''], ['half', '{"holder":"/x'], ['other', '7']]) writeFileSync(join(leasesFolder(), `${name}.json`), text ?? '')
  expect(await leases.list()).toEqual([lease(join(root, 'snapshot'))])
  expect(readdirSync(leasesFolder()).length).toBe(1)
})

test('what a process that is no more had begun is cleared away, what one that lives writes is not', async () => {
  mkdirSync(leasesFolder())
  const mine = `aa.json.${process.pid}-1.tmp`
  for (const name of [mine, 'bb.json.4194305-1.tmp']) writeFileSync(join(leasesFolder(), name), '')
  await opened()
  expect(readdirSync(leasesFolder())).toEqual([mine])
})
