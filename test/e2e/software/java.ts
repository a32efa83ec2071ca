/** A Java machine: it measures itself by what its container may have, and says what it is at when it is asked. */
import { expect, test } from 'vitest'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { isRunning, type TestLab } from '../harness.ts'
import { apply, ask, importSoftware, inside, mainStatus, podOf, podsPath, service, stopped } from './tools.ts'

const LIMIT = 384 << 20

const machine = (image: string, name: string, more: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 30,
    containers: [
      {
        name: 'java',
        image,
        args: ['-XX:MaxRAMPercentage=50', '-XX:+UseSerialGC', 'Main.java'],
        ports: [{ name: 'http', containerPort: 8080 }],
        securityContext: { runAsNonRoot: true, runAsUser: 1000 },
        resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '1', memory: String(LIMIT) } },
        startupProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 90 },
        readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 2, timeoutSeconds: 10 },
      },
    ],
    ...more,
  },
})

export function javaTests(lab: () => TestLab): void {
  test('a Java machine: its heap follows the limit of its container; its threads are in its log; it stops by itself', async () => {
    const cluster = lab()
    const image = await importSoftware(cluster, 'java')
    await apply(cluster, service('java', 80, 'http'), machine(image, 'java'))
    const pod = await podOf(cluster, 'java')
    const [, heap = '', processors = ''] = /^heap (\d+) processors (\d+)$/.exec(await ask(cluster, 'java')) ?? []
    expect(Number(processors)).toBe(1)
    expect(Number(heap)).toBeGreaterThan(LIMIT * 0.4)
    expect(Number(heap)).toBeLessThanOrEqual(LIMIT * 0.5)
    await inside(cluster, pod, 'sh', '-c', 'kill -3 1')
    await expect.poll(async () => (await cluster.kubectl(['logs', 'java'])).stdout, { timeout: 30_000 }).toContain('Full thread dump OpenJDK')
    expect(mainStatus(await podOf(cluster, 'java')).restartCount).toBe(0)
    const log = await stopped(cluster, pod)
    expect(log).toMatch(/serving\n[^]*shutdown hook ran\n$/)
  })

  test('a Java machine that is told to stop ends with 143, as its container says', async () => {
    const cluster = lab()
    const image = await importSoftware(cluster, 'java')
    await apply(cluster, machine(image, 'batch', { restartPolicy: 'Never' }))
    const pod = await podOf(cluster, 'batch')
    await inside(cluster, pod, 'sh', '-c', 'kill 1')
    const [ended] = await cluster.until<Pod>(podsPath('batch'), (pods) => pods.every(({ status }) => status?.phase === 'Failed'))
    if (ended === undefined || isRunning(ended)) throw new Error('it runs on')
    expect(mainStatus(ended).state?.terminated).toMatchObject({ exitCode: 143, reason: 'Error' })
    expect((await cluster.kubectl(['delete', 'pod/batch', 'service/java'])).exitCode).toBe(0)
  })
}
