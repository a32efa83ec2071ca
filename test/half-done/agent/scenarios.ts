import type { Container, Pod, PodSpec, PodStatus } from '../../../shared/model/gen/api.ts'
import type { Machine } from './machine.ts'

/** One thing that happens to the pods of a machine, and how one sees that it has come to its end. */
export interface Act {
  readonly what: string
  readonly act: (machine: Machine) => void
  readonly until: (machine: Machine) => boolean
  /** The next act comes as soon as this, in the midst of the work: nothing is compared between. */
  readonly hurryMs?: number
}

export interface Scenario {
  readonly name: string
  readonly acts: readonly Act[]
}

const POLITE = "trap 'exit 0' TERM; while true; do sleep 1; done"
const SLOW = "trap 'sleep 1; exit 0' TERM; while true; do sleep 1; done"
const STUBBORN = 'while true; do sleep 1; done'

const run = (name: string, script: string, more: Partial<Container> = {}): Container => ({ name, image: 'busybox:1.35', command: ['sh', '-c', script], ...more })
const forever = (name: string, more: Partial<Container> = {}): Container => run(name, POLITE, more)

/** A pod as the API server would hand it out; each of a scenario has its own number. */
function podOf(name: string, spec: PodSpec, number = 1): Pod {
  const uid = `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns', uid, generation: 1, labels: { app: name } }, spec: { nodeName: 'n1', restartPolicy: 'Always', terminationGracePeriodSeconds: 5, ...spec }, status: { phase: 'Pending', qosClass: 'BestEffort' } }
}

const statusesOf = ({ initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] }: PodStatus) => [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses]
const isReady = ({ conditions }: PodStatus): boolean => conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

const create = (pod: Pod, until: Act['until'] = (machine) => isReady(machine.desk.status(pod.metadata.name ?? ''))): Act => ({ what: 'is created', act: ({ desk }) => desk.put(pod), until })

const remove = (name: string, graceSeconds = 5): Act => ({
  what: `is deleted with ${graceSeconds} s`,
  act: ({ desk }) => desk.change(name, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: graceSeconds } })),
  until: ({ desk }) => desk.pod(name) === undefined,
})

/** A container ends by itself. */
const exit = (pod: string, container: string, { exitCode, restarts }: { readonly exitCode: number; readonly restarts: number }): Act => ({
  what: `${container} ends with ${exitCode}`,
  act(machine) {
    const id = statusesOf(machine.desk.status(pod)).find(({ name }) => name === container)?.containerID?.replace('fake://', '').replace(/^.*:\/\//, '')
    machine.host.fate.exit(id ?? '', exitCode)
  },
  until: ({ desk }) => statusesOf(desk.status(pod)).some(({ name, restartCount, state }) => name === container && restartCount === restarts && state?.running !== undefined) && isReady(desk.status(pod)),
})

const phase = (pod: string, wanted: string): Act['until'] => ({ desk }) => desk.status(pod).phase === wanted
const waiting = (pod: string, reason: string): Act['until'] => ({ desk }) => statusesOf(desk.status(pod)).some(({ state }) => state?.waiting?.reason === reason)
const ready = (pod: string): Act['until'] => ({ desk }) => isReady(desk.status(pod))

const again: Act = { what: 'the agent is started again', act: (machine) => machine.restart(), until: ({ desk }) => desk.agent !== undefined }
const said = (reason: string): Act['until'] => ({ desk }) => desk.events.some((one) => one.includes(` ${reason}:`))

const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } })

/** Its object wishes other resources for its container. */
const resize = (name: string, cpu: string, memory: string): Act => ({
  what: `wishes ${cpu} and ${memory}`,
  act: ({ desk }) => desk.change(name, (pod) => ({ ...pod, metadata: { ...pod.metadata, generation: (pod.metadata.generation ?? 1) + 1 }, spec: { ...pod.spec, containers: (pod.spec?.containers ?? []).map((one) => ({ ...one, ...asking(cpu, memory) })) } })),
  until: ({ desk }) => statusesOf(desk.status(name)).every(({ resources }) => resources?.limits?.['cpu'] === cpu && resources.limits['memory'] === memory) && isReady(desk.status(name)) && !desk.status(name).conditions?.some(({ type }) => type.startsWith('PodResize')),
})

const HTTP = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, failureThreshold: 2 }

const volumes: NonNullable<PodSpec['volumes']> = [
  { name: 'scratch', emptyDir: {} },
  { name: 'settings', configMap: { name: 'settings' } },
  { name: 'keys', secret: { secretName: 'keys' } },
  { name: 'self', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  { name: 'host', hostPath: { path: '/srv' } },
]
const mounts: NonNullable<Container['volumeMounts']> = [
  { name: 'scratch', mountPath: '/scratch', subPath: 'mine' },
  { name: 'settings', mountPath: '/settings' },
  { name: 'keys', mountPath: '/keys', readOnly: true },
  { name: 'self', mountPath: '/self' },
  { name: 'host', mountPath: '/host' },
]

const settings = (text: string): Act => ({ what: `its ConfigMap says ${text}`, act: ({ desk }) => desk.putConfigMap('settings', { text }), until: () => true })

/** Pods of all kinds, each from its creation to its last trace. */
export const scenarios: readonly Scenario[] = [
  { name: 'plain', acts: [create(podOf('a', { containers: [forever('main')] })), exit('a', 'main', { exitCode: 1, restarts: 1 }), exit('a', 'main', { exitCode: 2, restarts: 2 }), again, remove('a')] },
  { name: 'init containers', acts: [create(podOf('a', { initContainers: [run('first', 'sleep 0.2'), run('second', 'sleep 0.1')], containers: [forever('main')] })), exit('a', 'main', { exitCode: 0, restarts: 1 }), again, remove('a', 1)] },
  { name: 'an init container that fails once', acts: [create(podOf('a', { initContainers: [run('first', STUBBORN)], containers: [forever('main')] }), ({ host }) => host.running().length === 1), { what: 'it fails', act: ({ host }) => host.fate.exit(host.running()[0]?.spec.id ?? '', 3), until: ({ desk, host }) => statusesOf(desk.status('a'))[0]?.restartCount === 1 && host.running().length === 1 }, { what: 'it succeeds', act: ({ host }) => host.fate.exit(host.running()[0]?.spec.id ?? '', 0), until: ready('a') }, remove('a')] },
  { name: 'an init container that fails for good', acts: [create(podOf('a', { restartPolicy: 'Never', initContainers: [run('first', 'exit 4')], containers: [forever('main')] }), phase('a', 'Failed')), remove('a')] },
  {
    name: 'sidecars',
    acts: [
      create(podOf('a', { initContainers: [forever('mesh', { restartPolicy: 'Always', startupProbe: { ...HTTP, initialDelaySeconds: 0 } }), run('first', 'sleep 0.1'), forever('logs', { restartPolicy: 'Always' })], containers: [run('main', SLOW)] })),
      exit('a', 'mesh', { exitCode: 1, restarts: 1 }),
      exit('a', 'main', { exitCode: 1, restarts: 1 }),
      again,
      remove('a'),
    ],
  },
  { name: 'several containers that share processes', acts: [create(podOf('a', { shareProcessNamespace: true, containers: [forever('one'), forever('two'), run('three', STUBBORN)] })), exit('a', 'two', { exitCode: 1, restarts: 1 }), again, remove('a', 1)] },
  {
    name: 'volumes of each kind',
    acts: [
      { what: 'its Secret is there', act: ({ desk }) => void desk.secrets.set('ns/keys', { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'ns', name: 'keys' }, data: { key: 'a2V5' } }), until: () => true },
      create(podOf('a', { volumes, containers: [forever('main', { volumeMounts: mounts, env: [{ name: 'TEXT', valueFrom: { configMapKeyRef: { name: 'settings', key: 'text' } } }] })] }), said('FailedMount')),
      { ...settings('first'), until: ready('a') },
      settings('second'),
      { what: 'gets another label', act: ({ desk }) => desk.change('a', (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'a', more: 'yes' } } })), until: () => true },
      exit('a', 'main', { exitCode: 1, restarts: 1 }),
      again,
      remove('a'),
    ],
  },
  { name: 'a configuration that is missing', acts: [create(podOf('a', { containers: [forever('main', { envFrom: [{ configMapRef: { name: 'settings' } }] })] }), waiting('a', 'CreateContainerConfigError')), { ...settings('here'), until: ready('a') }, remove('a')] },
  { name: 'ports of the host, and the host itself', acts: [create(podOf('a', { containers: [forever('main', { ports: [{ containerPort: 80, hostPort: 8080 }] })] }, 1)), create(podOf('b', { hostNetwork: true, containers: [forever('main')] }, 2)), exit('b', 'main', { exitCode: 1, restarts: 1 }), again, remove('a'), remove('b')] },
  {
    name: 'probes',
    acts: [
      create(podOf('a', { containers: [forever('main', { startupProbe: HTTP, readinessProbe: HTTP, livenessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 2 } })] })),
      { what: 'it is not ready', act: ({ host, desk }) => void host.probes.answers.set(`${desk.status('a').podIP}:8080/`, { kind: 'failure', output: 'no' }), until: ({ desk }) => !isReady(desk.status('a')) },
      { what: 'it is ready again', act: ({ host }) => host.probes.answers.clear(), until: ready('a') },
      { what: 'it is dead', act: ({ host, desk }) => void host.probes.answers.set(`${desk.status('a').podIP}:8080/`, { kind: 'success', output: '' }).set(`${desk.status('a').podIP}:8080`, { kind: 'failure', output: 'no' }), until: ({ host, desk }) => (statusesOf(desk.status('a'))[0]?.restartCount === 1 ? (host.probes.answers.clear(), true) : false) },
      { what: 'it has recovered', act: () => {}, until: ready('a') },
      remove('a'),
    ],
  },
  {
    name: 'hooks',
    acts: [
      create(podOf('a', { containers: [run('main', STUBBORN, { lifecycle: { postStart: { exec: { command: ['echo', 'hello'] } }, preStop: { exec: { command: ['echo', 'bye'] } } } })] })),
      exit('a', 'main', { exitCode: 1, restarts: 1 }),
      remove('a', 1),
      create(podOf('b', { containers: [forever('main', { lifecycle: { preStop: { sleep: { seconds: 2 } } } })] }, 2)),
      remove('b'),
    ],
  },
  { name: 'a hook that fails', acts: [create(podOf('a', { containers: [forever('main', { lifecycle: { postStart: { exec: { command: ['false'] } } } })] }), waiting('a', 'CrashLoopBackOff')), remove('a')] },
  { name: 'a first hook that sleeps', acts: [create(podOf('a', { containers: [forever('main', { lifecycle: { postStart: { sleep: { seconds: 1 } } } })] })), again, remove('a')] },
  { name: 'an end that is made sharper', acts: [create(podOf('a', { containers: [run('main', STUBBORN)] })), { ...remove('a', 30), until: said('Killing') }, remove('a', 1)] },
  {
    name: 'an image that cannot be had',
    acts: [
      { what: 'the registry is away', act: ({ host }) => void (host.images.isBroken = true), until: () => true },
      create(podOf('a', { containers: [forever('main')] }), waiting('a', 'ImagePullBackOff')),
      { what: 'the image is here', act: ({ host, desk }) => ((host.images.isBroken = false), desk.agent?.imagesChanged()), until: ready('a') },
      remove('a'),
    ],
  },
  { name: 'work that succeeds', acts: [create(podOf('a', { restartPolicy: 'Never', containers: [run('main', 'sleep 0.3')] }), phase('a', 'Succeeded')), again, remove('a')] },
  { name: 'work that fails', acts: [create(podOf('a', { restartPolicy: 'Never', containers: [run('one', 'sleep 0.5; exit 3'), run('two', 'sleep 0.1')] }), phase('a', 'Failed')), remove('a')] },
  { name: 'work that is tried again', acts: [create(podOf('a', { restartPolicy: 'OnFailure', containers: [run('main', STUBBORN)] })), exit('a', 'main', { exitCode: 3, restarts: 1 }), { what: 'it is done', act: ({ host }) => host.fate.exit(host.running()[0]?.spec.id ?? '', 0), until: phase('a', 'Succeeded') }, remove('a')] },
  { name: 'removed by force', acts: [create(podOf('a', { initContainers: [forever('mesh', { restartPolicy: 'Always' })], containers: [run('main', STUBBORN)] })), { what: 'its object goes', act: ({ desk }) => desk.drop('a'), until: ({ host }) => host.containers.containers.size === 0 }] },
  { name: 'a deadline', acts: [create(podOf('a', { activeDeadlineSeconds: 3, containers: [forever('main')] })), { what: 'time passes', act: () => {}, until: phase('a', 'Failed') }, remove('a')] },
  { name: 'another image', acts: [create(podOf('a', { containers: [forever('main')] })), { what: 'its image changes', act: ({ desk }) => desk.change('a', (pod) => ({ ...pod, metadata: { ...pod.metadata, generation: 2 }, spec: { ...pod.spec, containers: [forever('main', { image: 'busybox:1.36' })] } })), until: ({ desk }) => statusesOf(desk.status('a')).some(({ restartCount, image }) => restartCount === 1 && image.endsWith('1.36')) && isReady(desk.status('a')) }, again, remove('a')] },
  {
    name: 'other resources',
    acts: [
      create(podOf('a', { containers: [forever('main', { ...asking('100m', '32Mi'), resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }, { resourceName: 'memory', restartPolicy: 'RestartContainer' }] })] })),
      resize('a', '200m', '32Mi'),
      resize('a', '200m', '64Mi'),
      remove('a'),
    ],
  },
  {
    name: 'a rule that restarts all',
    acts: [
      create(podOf('a', { restartPolicy: 'Never', initContainers: [run('first', 'sleep 0.1')], containers: [forever('main', { restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }] }), run('other', STUBBORN)] })),
      exit('a', 'main', { exitCode: 42, restarts: 1 }),
      remove('a', 1),
    ],
  },
  { name: 'a command that is not there', acts: [create(podOf('a', { containers: [{ name: 'main', image: 'busybox:1.35', command: ['nosuch'] }] }), waiting('a', 'CrashLoopBackOff')), remove('a')] },
  { name: 'refused by the node', acts: [create(podOf('a', { containers: [forever('main', { resources: { requests: { cpu: '64' } } })] }), phase('a', 'Failed')), remove('a')] },
  { name: 'a container for debugging', acts: [create(podOf('a', { containers: [forever('main')] })), { what: 'is looked into', act: ({ desk }) => desk.change('a', (pod) => ({ ...pod, spec: { containers: [], ...pod.spec, ephemeralContainers: [{ name: 'debug', image: 'busybox:1.37', command: ['sleep', '1'], targetContainerName: 'main' }] } })), until: ({ desk }) => desk.status('a').ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined }, again, remove('a')] },
]

/** Pods that are to go before they are there: how far they came depends on the death. */
export const hurried: readonly Scenario[] = [4, 8, 12, 16].map((hurryMs) => ({ name: `deleted ${hurryMs} ms after its creation`, acts: [{ ...create(podOf('a', { containers: [forever('main'), run('two', STUBBORN)] }), () => true), hurryMs }, remove('a', 1)] }))
