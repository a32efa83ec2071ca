/** redis with its data on the node: what was written is there after its container died, and after its pod was replaced. */
import { expect, test } from 'vitest'
import { kill } from 'node:process'
import { isRunning, type TestLab } from '../harness.ts'
import { addressOf, apply, deployment, fromMachine, importSoftware, inside, mainStatus, podOf, processOf, replaced, service } from './tools.ts'

const store = (image: string, folder: string): object =>
  deployment('redis', {
    strategy: { type: 'Recreate' },
    template: {
      nodeSelector: { 'kubernetes.io/hostname': 'n1' },
      terminationGracePeriodSeconds: 30,
      // As the makers' image: what mounts leave to root is given to redis first.
      initContainers: [{ name: 'own', image, command: ['chown', '-R', 'redis:redis', '/data'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
      containers: [
        {
          name: 'redis',
          image,
          args: ['redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''],
          securityContext: { runAsUser: 999, runAsGroup: 999, runAsNonRoot: true },
          ports: [{ containerPort: 6379 }],
          resources: { requests: { cpu: '20m', memory: '32Mi' }, limits: { cpu: '1', memory: '128Mi' } },
          readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 1, timeoutSeconds: 5 },
          livenessProbe: { exec: { command: ['sh', '-c', 'redis-cli ping | grep PONG'] }, periodSeconds: 5, timeoutSeconds: 10, failureThreshold: 6 },
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
    },
  })

/** The protocol has a form for people: no client is needed on the host. */
const CLIENT = `
const [host, port, words] = process.argv.slice(1)
const socket = require('node:net').connect(Number(port), host, () => socket.write(words + '\\r\\nQUIT\\r\\n'))
socket.setTimeout(20000, () => process.exit(1)).pipe(process.stdout)
`

export function redisTests(lab: () => TestLab, folder: () => string): void {
  test('redis: served, and its data outlives the container and the pod', async () => {
    const cluster = lab()
    const image = await importSoftware(cluster, 'redis')
    await apply(cluster, service('redis', 6379, 6379), store(image, folder()))
    const first = await podOf(cluster, 'redis')
    const command = async (...words: readonly string[]): Promise<string> => {
      const [host = '', port = ''] = (await addressOf(cluster, 'redis')).split(':')
      const { stdout, stderr } = await fromMachine(cluster, 'n2', [process.execPath, '-e', CLIENT, host, port, words.join(' ')])
      return `${stdout}${stderr}`.trim()
    }
    expect(await command('SET', 'written', 'before')).toBe('+OK\r\n+OK')
    expect(await inside(cluster, first, 'redis-cli', 'INCR', 'counter')).toBe('1\n')

    kill(await processOf(cluster, first, 'redis-server'), 'SIGKILL')
    const again = await podOf(cluster, 'redis', (pod) => isRunning(pod) && mainStatus(pod).restartCount === 1)
    expect(again.metadata.uid).toBe(first.metadata.uid)
    expect(mainStatus(again).lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
    expect(await inside(cluster, again, 'redis-cli', 'INCR', 'counter')).toBe('2\n')

    const log = await replaced(cluster, 'redis', again)
    expect(log).toContain('Received SIGTERM scheduling shutdown')
    expect(log).toContain('Redis is now ready to exit, bye bye')
    const next = await podOf(cluster, 'redis', (pod) => pod.metadata.uid !== first.metadata.uid && isRunning(pod))
    expect(await inside(cluster, next, 'redis-cli', 'INCR', 'counter')).toBe('3\n')
    expect(await command('GET', 'written')).toMatch(/^\$6\r\nbefore/)
    expect((await cluster.kubectl(['delete', 'deployment/redis', 'service/redis'])).exitCode).toBe(0)
  })
}
