/** An application under watch: six replicas behind a Service, each leaving a sign of life every 20 ms in a file that all machines of the lab share. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod, Service } from '../../shared/model/gen/api.ts'
import { callFrom, isRunning, PATIENCE_MS, untilAnswers, type Caller, type TestLab } from './harness.ts'

export const APP_PODS = '/api/v1/namespaces/default/pods?labelSelector=app%3Dshop'
export const REPLICAS = 6

/** `read` waits within the shell: no process is started for a sign. */
const COMMAND = `
mkdir -p /www && echo "hello from $HOSTNAME" > /www/index.html
httpd -p 8080 -h /www
mkfifo /pause && exec 3<>/pause
while :; do read now rest < /proc/uptime; echo "$now" >> "/life/$HOSTNAME"; read -t 0.02 -u 3 nothing; done`

const objects = (folder: string): readonly object[] => [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop' },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'web',
              image: 'docker.io/library/busybox:1.35',
              command: ['sh', '-c', COMMAND],
              readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, failureThreshold: 3 },
              // Without it the kernel starves a pod for seconds when the host is busy with other things.
              resources: { requests: { cpu: '50m' } },
              volumeMounts: [{ name: 'life', mountPath: '/life' }],
            },
          ],
          volumes: [{ name: 'life', hostPath: { path: folder } }],
        },
      },
    },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' }, spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 8080 }] } },
]

/** When a pod lived, in seconds of the boot-time clock, by its own word. */
export interface Life {
  readonly first: number
  readonly last: number
}

export interface Application extends Disposable {
  /** Calls the Service from a machine of the lab, 50 times a second. */
  call(machine: string): Caller
  /** Resolves when all replicas run and are ready, on nodes that `where` takes. */
  whole(where?: (nodeName: string) => boolean, timeoutMs?: number): Promise<readonly Pod[]>
  lifeOf(podName: string): Life
}

export const upSeconds = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])

export async function openApplication(cluster: TestLab): Promise<Application> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-life-'))
  mkdirSync(folder, { recursive: true })
  for (const object of objects(folder)) {
    const applied = await cluster.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(object) })
    if (applied.exitCode !== 0) throw new Error(applied.stderr)
  }
  const whole = (where: (nodeName: string) => boolean = () => true, timeoutMs = 60_000): Promise<readonly Pod[]> =>
    cluster.until<Pod>(APP_PODS, (pods) => pods.length === REPLICAS && pods.every((pod) => isRunning(pod) && where(pod.spec?.nodeName ?? '')), timeoutMs)
  await whole()
  const service = await cluster.get<Service>('/api/v1/namespaces/default/services/shop')
  const url = `http://${service.spec?.clusterIP}:80/`
  await untilAnswers(cluster, url)
  return {
    call: (machine) => callFrom(cluster, { machine, url, patienceMs: PATIENCE_MS }),
    whole,
    lifeOf(podName) {
      const file = readdirSync(folder).find((name) => name === podName)
      const signs = file === undefined ? [] : readFileSync(join(folder, file), 'utf8').trim().split('\n').map(Number)
      if (signs.length === 0) throw new Error(`${podName} never lived`)
      return { first: signs[0] ?? Number.NaN, last: signs.at(-1) ?? Number.NaN }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }),
  }
}

/** Of calls that failed, those that began later than `afterMs` (wall clock). */
export const failedAfter = (failures: readonly string[], afterMs: number): readonly string[] => failures.filter((failure) => Date.parse(failure.slice(0, 24)) > afterMs)
