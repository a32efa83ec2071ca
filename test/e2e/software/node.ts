/** A program of Node that ends what it has begun when it is told to stop. */
import { expect, test } from 'vitest'
import { type TestLab } from '../harness.ts'
import { apply, ask, deployment, importSoftware, inside, nameOf, podOf, service, stopped } from './tools.ts'

export function nodeTests(lab: () => TestLab): void {
  test('a Node program: runs under the account of its image, and ends what it has begun before it goes', async () => {
    const cluster = lab()
    const image = await importSoftware(cluster, 'node')
    await apply(
      cluster,
      service('hello', 80, 'http'),
      deployment('hello', {
        template: {
          containers: [
            {
              name: 'hello',
              image,
              ports: [{ name: 'http', containerPort: 8080 }],
              env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }, { name: 'NODE_OPTIONS', value: '--max-old-space-size=64' }],
              securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '1', memory: '192Mi' } },
              startupProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 60 },
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
              lifecycle: { preStop: { sleep: { seconds: 1 } } },
            },
          ],
        },
      }),
    )
    const pod = await podOf(cluster, 'hello')
    expect(await ask(cluster, 'hello')).toBe(`hello from ${nameOf(pod)} as pid 1\n`)
    expect(await inside(cluster, pod, 'id', '-u')).toBe('1000\n')
    expect(await inside(cluster, pod, 'pwd')).toBe('/app\n')
    let slow = Promise.resolve('')
    const log = await stopped(cluster, pod, async ({ said }) => {
      slow = ask(cluster, 'hello', '/slow')
      slow.catch(() => {})
      await said('begun')
    })
    expect(await slow).toBe(`hello from ${nameOf(pod)} as pid 1\n`)
    expect(log).toBe('listening on 8080\nbegun\ntold to stop\nstopped cleanly\n')
    const next = await podOf(cluster, 'hello', (one) => nameOf(one) !== nameOf(pod) && one.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true)
    expect(await ask(cluster, 'hello')).toBe(`hello from ${nameOf(next)} as pid 1\n`)
    expect((await cluster.kubectl(['delete', 'deployment/hello', 'service/hello'])).exitCode).toBe(0)
  })
}
