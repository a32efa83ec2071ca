import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { bundleOf, runtimeFolders, writeContainerFile } from './bundle.ts'
import { openCrun } from './crun.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-crun-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const cgroups = { remove: async () => {}, killAll: async () => {}, oomKills: async () => 0 }

/** An init container would be run once more. */
test('a container whose monitor ends at the moment of the look has ended, with its exit code', async () => {
  const folders = runtimeFolders(folder)
  const bundle = bundleOf(folders, 'short')
  mkdirSync(bundle, { recursive: true })
  await writeContainerFile(bundle, { process: { pid: 1, startTicks: 0 }, startedMs: 1, logPath: '', cgroupsPath: '', stdin: false })
  // Whoever looks for the monitor is held here.
  execFileSync('mkfifo', [join(bundle, 'conmon.pid')])
  await using runtime = await openCrun({ folder, runtime: 'crun', conmon: 'conmon', version: 'test', cgroups, concurrency: 1, clock: systemClock, log: silentLog })
  const state = runtime.state('short')
  const held = await open(join(bundle, 'conmon.pid'), 'w')
  writeFileSync(join(folders.exits, 'short'), '3')
  await held.close()
  expect(await state).toMatchObject({ kind: 'exited', exitCode: 3 })
})
