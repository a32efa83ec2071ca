/** postgres under an account of its own, with its rows on a volume. */
import { expect, test } from 'vitest'
import { kill } from 'node:process'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { isRunning, type TestLab } from '../harness.ts'
import { apply, deployment, importSoftware, inside, mainStatus, nameOf, podOf, processOf, replaced, service } from './tools.ts'

const DATA = '/var/lib/postgresql/data'

const database = (image: string, data: object, more: object = {}): object => ({
  nodeSelector: { 'kubernetes.io/hostname': 'n1' },
  terminationGracePeriodSeconds: 60,
  securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, fsGroupChangePolicy: 'OnRootMismatch', runAsNonRoot: true },
  containers: [
    {
      name: 'postgres',
      image,
      env: [
        { name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'postgres', key: 'password' } } },
        { name: 'PGDATA', value: `${DATA}/pgdata` },
      ],
      ports: [{ name: 'sql', containerPort: 5432 }],
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      startupProbe: { exec: { command: ['/usr/lib/postgresql/15/bin/pg_isready', '-U', 'postgres'] }, periodSeconds: 1, timeoutSeconds: 10, failureThreshold: 60 },
      readinessProbe: { exec: { command: ['/usr/lib/postgresql/15/bin/pg_isready', '-U', 'postgres'] }, periodSeconds: 2, timeoutSeconds: 10 },
      livenessProbe: { tcpSocket: { port: 'sql' }, periodSeconds: 5, failureThreshold: 6 },
      volumeMounts: [
        { name: 'data', mountPath: DATA },
        { name: 'run', mountPath: '/var/run/postgresql' },
        { name: 'shm', mountPath: '/dev/shm' },
      ],
    },
  ],
  volumes: [
    { name: 'data', ...data },
    { name: 'run', emptyDir: {} },
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
  ],
  ...more,
})

const PSQL = '/usr/lib/postgresql/15/bin/psql'

export function postgresTests(lab: () => TestLab, folder: () => string): void {
  let image: string
  const sql = (pod: Pod, text: string): Promise<string> => inside(lab(), pod, PSQL, '-U', 'postgres', '-At', '-c', text)

  test('postgres: on a volume of its group; after its death it recovers what was committed', async () => {
    const cluster = lab()
    image = await importSoftware(cluster, 'postgres')
    await apply(cluster, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'postgres' }, stringData: { password: 'of this test' } })
    await apply(cluster, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rows', labels: { app: 'rows' } }, spec: database(image, { emptyDir: {} }) })
    const pod = await podOf(cluster, 'rows')
    expect(await inside(cluster, pod, 'stat', '-c', '%u:%g %a', DATA)).toBe('0:999 2777\n')
    expect(await inside(cluster, pod, 'stat', '-c', '%u:%g %a', `${DATA}/pgdata`)).toBe('999:999 700\n')
    await sql(pod, 'create table rows (n int primary key)')
    await sql(pod, 'insert into rows select generate_series(1, 1000)')
    kill(await processOf(cluster, pod, 'postgres'), 'SIGKILL')
    const again = await podOf(cluster, 'rows', (one) => isRunning(one) && mainStatus(one).restartCount === 1)
    expect(await sql(again, 'select count(*) from rows')).toBe('1000\n')
    expect((await cluster.kubectl(['logs', 'rows'])).stdout).toContain('automatic recovery in progress')
    expect((await cluster.kubectl(['logs', 'rows', '--previous'])).stdout).toContain('database system is ready to accept connections')
    expect((await cluster.kubectl(['delete', 'pod', 'rows'])).exitCode).toBe(0)
  })

  test('postgres: a stop while a client is at work is a fast and clean one, and the next pod has the rows', async () => {
    const cluster = lab()
    const own = { initContainers: [{ name: 'own', image, command: ['chown', '999:999', DATA], securityContext: { runAsUser: 0, runAsNonRoot: false }, volumeMounts: [{ name: 'data', mountPath: DATA }] }] }
    await apply(cluster, service('postgres', 5432, 'sql'), deployment('postgres', { strategy: { type: 'Recreate' }, template: database(image, { hostPath: { path: folder(), type: 'DirectoryOrCreate' } }, own) }))
    const first = await podOf(cluster, 'postgres')
    await sql(first, 'create table rows (n int primary key)')
    await sql(first, 'insert into rows select generate_series(1, 1000)')
    // Over the Service, with the password: from the pod to its own address and back.
    expect(await inside(cluster, first, 'sh', '-c', `PGPASSWORD='of this test' ${PSQL} -h "$POSTGRES_SERVICE_HOST" -U postgres -At -c 'select max(n) from rows' || exec env`)).toBe('1000\n')
    const busy = cluster.kubectl(['exec', nameOf(first), '--', PSQL, '-U', 'postgres', '-c', 'select pg_sleep(3600)'])
    await expect.poll(() => sql(first, "select count(*) from pg_stat_activity where query like '%pg_sleep(3600)%' and pid <> pg_backend_pid()"), { timeout: 30_000 }).toBe('1\n')
    const log = await replaced(cluster, 'postgres', first)
    expect(log).toContain('received fast shutdown request')
    expect(log).toContain('database system is shut down')
    expect((await busy).stderr).toContain('terminating connection due to administrator command')
    const next = await podOf(cluster, 'postgres', (pod) => pod.metadata.uid !== first.metadata.uid && isRunning(pod))
    expect(await sql(next, 'select count(*) from rows')).toBe('1000\n')
    expect((await cluster.kubectl(['logs', nameOf(next)])).stdout).not.toContain('automatic recovery in progress')
    expect((await cluster.kubectl(['delete', 'deployment/postgres', 'service/postgres'])).exitCode).toBe(0)
  })
}
