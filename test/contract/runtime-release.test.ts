/** An agent is killed while it lets a container's process go to its command: the next one does it, and the command runs, once. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { identify } from '../../node-agent/host/proc.ts'
import { bundleOf, runtimeFolders, writeContainerFile } from '../../node-agent/runtime/bundle.ts'
import { openCrun } from '../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../node-agent/runtime/hybrid.ts'
import type { ContainerRuntime, ContainerSpec } from '../../node-agent/runtime/port.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { removeGroup } from './control-groups.ts'

const PARENT = `gantry-test-rtl-${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'gantry-rtl-'))
const folders = runtimeFolders(folder)
const rootfs = join(folder, 'rootfs')

beforeAll(() => {
  for (const name of ['bin', 'proc', 'dev', 'out']) mkdirSync(join(rootfs, name), { recursive: true })
  execFileSync('cp', ['/bin/busybox', join(rootfs, 'bin/sh')])
})
afterAll(async () => {
  await removeGroup(PARENT)
  rmSync(folder, { recursive: true, force: true })
})

const open = async (): Promise<ContainerRuntime & AsyncDisposable> =>
  openCrun({ folder, runtime: await crunForThisHost('/usr/bin/crun', folder), conmon: '/usr/bin/conmon', version: 'test', cgroups: await openCgroups({ parent: `/${PARENT}`, clock: systemClock }), concurrency: 2, clock: systemClock, log: silentLog })

const groupOf = (id: string): string => `/${PARENT}/${id}`

const specOf = (id: string): ContainerSpec => ({
  id,
  rootfs,
  config: {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/bin/sh', '-c', `echo ran >>/out/${id}; exit 7`], cwd: '/', env: ['PATH=/bin'] },
    root: { path: rootfs },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }], cgroupsPath: groupOf(id) },
  },
  logPath: join(folder, 'logs', `${id}.log`),
  terminal: false,
  stdin: false,
})

const end = async (runtime: ContainerRuntime, id: string): Promise<unknown> => {
  const exited = new Promise<void>((resolve) => void runtime.onExit((which) => void (which === id && resolve())))
  if ((await runtime.state(id)).kind !== 'exited') await exited
  return runtime.state(id)
}

/** How far the agent came after it had noted the start. */
const DEATHS: Readonly<Record<string, (fifo: string) => void>> = {
  'noted it': () => {},
  'opened the pipe': (fifo) => closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)),
  'written to it': (fifo) => {
    const pipe = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(pipe, '\0')
    closeSync(pipe)
  },
}

/** A few of each, because it is a matter of chance what crun's process does at that moment. */
const EACH = 12

/** An agent that has just started has much else to do. */
function keepBusy(): Disposable {
  const timer = setInterval(() => {
    for (const untilMs = performance.now() + 10; performance.now() < untilMs; );
  }, 0)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

async function openBusily(): ReturnType<typeof open> {
  using _ = keepBusy()
  return await open()
}

test.each(Object.keys(DEATHS))('an agent that had %s', { timeout: 120_000 }, async (how) => {
  const ids = Array.from({ length: EACH }, (_, at) => `${how.replaceAll(' ', '-')}-${at}`)
  {
    await using first = await open()
    for (const id of ids) {
      const made = await first.create(specOf(id))
      const who = made.kind === 'created' ? await identify(made.pid) : undefined
      if (who === undefined) throw new Error(`${id}: ${JSON.stringify(made)}`)
      await writeContainerFile(bundleOf(folders, id), { process: who, startedMs: systemClock.nowMs(), logPath: '', cgroupsPath: groupOf(id), stdin: false })
      DEATHS[how]?.(join(folders.runtimeRoot, id, 'exec.fifo'))
    }
  }
  await using second = await openBusily()
  for (const id of ids) {
    expect(await end(second, id)).toMatchObject({ kind: 'exited', exitCode: 7 })
    expect(readFileSync(join(rootfs, 'out', id), 'utf8')).toBe('ran\n')
    expect(existsSync(join(folders.runtimeRoot, id, 'exec.fifo'))).toBe(false)
    await second.delete(id)
  }
})
