import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isOwned, openStaging, sweepStaging } from './staging.ts'

/** State and start of a process, as proc(5) has them. */
function statOf(pid: string): readonly [state: string, started: string] {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return [fields[0] ?? '', fields[19] ?? '']
}

test('a folder is owned as long as its process lives', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-staging-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  await using staging = await openStaging(folder)
  for (const name of ['999999999-1-abc', '999999999-gone-abc', '-', 'x', `${process.pid}-1-abc`]) mkdirSync(join(folder, name))
  await sweepStaging(folder)
  expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([staging.path])
})

test('a process that is dead, and that nobody has waited for, owns nothing', async () => {
  // What takes the place of the shell does not know of its child, and never waits for it.
  const careless = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => void careless.kill('SIGKILL'))
  const [said] = (await once(careless.stdout, 'data')) as [Buffer]
  const pid = said.toString().trim()
  careless.stdin.write('now it is no shell any more')
  await once(careless.stdout, 'data')
  process.kill(Number(pid), 'SIGKILL')
  await expect.poll(() => statOf(pid)[0]).toBe('Z')
  expect(await isOwned(`${pid}-${statOf(pid)[1]}-abc`)).toBe(false)
})
