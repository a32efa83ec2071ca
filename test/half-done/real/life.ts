import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConfigMap, Pod } from '../../../shared/model/gen/api.ts'
import type { CrashPoint } from './crash-points.ts'
import { RealMachine, type Kit } from './machine.ts'

/** An agent that dies in the midst of a deletion may need seconds of it to come back, on a busy host. */
const GRACE_SECONDS = 20
const UID = '0a0b0c0d-0000-4000-8000-000000000001'
const settings = (text: string): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'ns', name: 'settings' }, data: { text } })

/** An init container that leaves a mark each time it runs, a sidecar, a hook, volumes of several kinds, a sub path, a port of the host. */
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'ns', name: 'rich', uid: UID, generation: 1, labels: { app: 'rich' } },
  spec: {
    nodeName: 'n1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: GRACE_SECONDS,
    volumes: [{ name: 'disk', emptyDir: {} }, { name: 'memory', emptyDir: { medium: 'Memory' } }, { name: 'settings', configMap: { name: 'settings' } }],
    initContainers: [
      { name: 'first', image: 'busybox:1.35', command: ['sh', '-c', 'echo first >>/disk/marks; mkdir -p /disk/part'], volumeMounts: [{ name: 'disk', mountPath: '/disk' }] },
      { name: 'beside', image: 'busybox:1.35', restartPolicy: 'Always', command: ['sh', '-c', "trap 'exit 0' TERM; while true; do sleep 0.05; done"] },
    ],
    containers: [
      {
        name: 'main',
        image: 'busybox:1.35',
        command: ['sh', '-c', "echo main >>/disk/marks; trap 'exit 0' TERM; while true; do sleep 0.05; done"],
        ports: [{ containerPort: 80, hostPort: 8099, protocol: 'TCP' }],
        lifecycle: { postStart: { exec: { command: ['touch', '/memory/hooked'] } }, preStop: { exec: { command: ['true'] } } },
        volumeMounts: [{ name: 'disk', mountPath: '/disk' }, { name: 'memory', mountPath: '/memory' }, { name: 'settings', mountPath: '/settings' }, { name: 'disk', mountPath: '/part', subPath: 'part' }],
      },
    ],
  },
  status: { phase: 'Pending', qosClass: 'BestEffort' },
}

export const PHASES = ['open', 'create', 'exit', 'config', 'adopt', 'delete'] as const
export type Phase = (typeof PHASES)[number]
export type Deaths = Partial<Readonly<Record<Phase, CrashPoint>>>

export interface Course {
  /** Labels of the points that were passed, in order. */
  readonly points: Readonly<Record<Phase, readonly string[]>>
  /** What was to be seen after each phase. */
  readonly views: Readonly<Record<Phase, readonly string[]>>
  /** Of the deaths asked for those that did not come about, because the point was not reached. */
  readonly spared: readonly Phase[]
}

export interface LifeOptions {
  readonly deaths?: Deaths
  readonly truth?: Course
  /** Gets all that the agents do and say, as it happens. */
  readonly story?: string[]
}

/** One machine from its first agent to its end, dying at most once in each phase. */
export async function live(tag: string, kit: Kit, { deaths = {}, truth, story }: LifeOptions = {}): Promise<Course> {
  const machine = new RealMachine(tag, kit, story)
  const points: Partial<Record<Phase, readonly string[]>> = {}
  const views: Partial<Record<Phase, readonly string[]>> = {}
  const spared: Phase[] = []
  const after = async (phase: Phase): Promise<void> => {
    machine.note(`${phase} is over but for what settles yet`)
    views[phase] = await quietView(machine, truth?.views[phase])
    points[phase] = [...machine.points]
    machine.note(`${phase} is over`)
    if (deaths[phase] !== undefined && machine.isSpared) spared.push(phase)
  }
  const status = () => machine.statuses.get(UID)
  const main = () => status()?.containerStatuses?.find(({ name }) => name === 'main')
  const isReady = (): boolean => status()?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
  try {
    machine.configMaps.set('settings', settings('one'))
    await machine.restart(deaths.open)
    await after('open')
    machine.watch(deaths.create)
    machine.put(pod)
    await machine.until(isReady, 'ready')
    await after('create')
    machine.watch(deaths.exit)
    killMain(machine, main()?.containerID ?? '')
    await machine.until(() => main()?.restartCount === 1 && isReady(), 'restarted')
    await after('exit')
    machine.watch(deaths.config)
    machine.config(settings('two'))
    await machine.until(() => existsSync(settingsFile(machine)) && readFileSync(settingsFile(machine), 'utf8') === 'two', 'the new settings')
    await after('config')
    await machine.restart(deaths.adopt)
    await after('adopt')
    machine.watch(deaths.delete)
    machine.put({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: GRACE_SECONDS } })
    await machine.until(() => machine.gone.has(UID), 'gone')
    await after('delete')
    return { points: points as Course['points'], views: views as Course['views'], spared }
  } finally {
    await machine.close()
  }
}

const settingsFile = (machine: RealMachine): string => join(machine.at, 'pods', UID, 'volumes', 'kubernetes.io~configmap', 'settings', 'text')

/** As if by the kernel. */
function killMain(machine: RealMachine, containerId: string): void {
  const id = containerId.replace('gantry://', '')
  const pid = Number(readFileSync(join(machine.at, 'run/bundles', id, 'pidfile'), 'utf8'))
  process.kill(pid, 'SIGKILL')
}

/** What is to be seen once it does not change any more, or is what was expected. */
async function quietView(machine: RealMachine, expected: readonly string[] | undefined): Promise<readonly string[]> {
  const full = (): readonly string[] => [...machine.view(), ...marks(machine), ...told(machine)]
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
  await pause(expected === undefined ? QUIET_MS : 20)
  let view = full()
  for (const endMs = performance.now() + PATIENCE_MS; expected !== undefined && view.join('\n') !== expected.join('\n') && performance.now() < endMs; view = full()) await pause(100)
  return view
}

const QUIET_MS = 800
/** Longer than the wait before a step that failed is tried again. */
const PATIENCE_MS = 20_000

/** How often containers ran, by their own hand. */
function marks(machine: RealMachine): readonly string[] {
  const file = join(machine.at, 'pods', UID, 'volumes', 'kubernetes.io~empty-dir', 'disk', 'marks')
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').map((line) => `mark ${line}`) : []
}

function told(machine: RealMachine): readonly string[] {
  const status = machine.statuses.get(UID)
  if (status === undefined) return []
  const lines = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(({ name, restartCount, ready, state, lastState, user }) => `told ${name} ${restartCount} ${ready} ${Object.keys(state ?? {}).join()} ${state?.terminated?.exitCode ?? ''} before ${lastState?.terminated?.exitCode ?? ''} as ${user?.linux?.uid ?? '?'}`)
  return [`told ${status.phase} ${status.podIP}`, ...lines]
}

/** Every point of one phase, each before and after. */
export function crashPointsOf(labels: readonly string[]): readonly CrashPoint[] {
  const counts = new Map<string, number>()
  return labels.flatMap((label) => {
    const nth = counts.get(label) ?? 0
    counts.set(label, nth + 1)
    return [{ label, nth, side: 'before' as const }, { label, nth, side: 'after' as const }]
  })
}

export function viewsDiffer(truth: Course, found: Course): readonly string[] {
  return PHASES.flatMap((phase) => {
    const [was, is] = [truth.views[phase], found.views[phase]]
    const more = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`)
    const less = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`)
    const counted = more.length === 0 && less.length === 0 && is.length !== was.length ? [`${is.length} lines, not ${was.length}: ${is.filter((line, at) => is.indexOf(line) !== at).join(', ')}`] : []
    return [...more, ...less, ...counted].map((line) => `after ${phase}: ${line}`)
  })
}
