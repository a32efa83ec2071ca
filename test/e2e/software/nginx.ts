/** nginx as its makers' unprivileged image runs: no root, nothing written but in volumes, its configuration in a ConfigMap. */
import { expect, test } from 'vitest'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { callFrom, isRunning, type TestLab } from '../harness.ts'
import { addressOf, apply, ask, deployment, importSoftware, inside, nameOf, podsPath, rolledOut, service, stopped } from './tools.ts'

const REPLICAS = 3

const configuration = (version: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `nginx-${version}` },
  data: {
    'nginx.conf': `
worker_processes 1;
pid /run/nginx/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 256; }
http {
  access_log /dev/stdout combined;
  client_body_temp_path /var/cache/nginx/body;
  proxy_temp_path /var/cache/nginx/proxy;
  fastcgi_temp_path /var/cache/nginx/fastcgi;
  uwsgi_temp_path /var/cache/nginx/uwsgi;
  scgi_temp_path /var/cache/nginx/scgi;
  server {
    listen 8080;
    location = /healthz { access_log off; return 200 "fine"; }
    location = / { return 200 "${version} of $hostname\\n"; }
    location / { root /usr/share/nginx/html; }
  }
}
`,
  },
})

const web = (image: string, version: string): object =>
  deployment('nginx', {
    replicas: REPLICAS,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      securityContext: { runAsNonRoot: true, runAsUser: 33, runAsGroup: 33, fsGroup: 33, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'nginx',
          image,
          imagePullPolicy: 'IfNotPresent',
          ports: [{ name: 'http', containerPort: 8080 }],
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          resources: { requests: { cpu: '20m', memory: '16Mi' }, limits: { memory: '64Mi' } },
          startupProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1 },
          livenessProbe: { httpGet: { path: '/healthz', port: 'http', httpHeaders: [{ name: 'X-Probe', value: 'live' }] }, periodSeconds: 5, failureThreshold: 6 },
          volumeMounts: [
            { name: 'configuration', mountPath: '/etc/nginx/nginx.conf', subPath: 'nginx.conf', readOnly: true },
            { name: 'cache', mountPath: '/var/cache/nginx' },
            { name: 'run', mountPath: '/run/nginx' },
          ],
        },
      ],
      volumes: [
        { name: 'configuration', configMap: { name: `nginx-${version}` } },
        { name: 'cache', emptyDir: { sizeLimit: '64Mi' } },
        { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
    },
  })

export function nginxTests(lab: () => TestLab): void {
  let image: string
  test('nginx: without root and on a read-only file system; served, logged, looked into', async () => {
    const cluster = lab()
    image = await importSoftware(cluster, 'nginx')
    await apply(cluster, configuration('first'), service('nginx', 80, 'http'), web(image, 'first'))
    const [pod] = await cluster.until<Pod>(podsPath('nginx'), (pods) => pods.length === REPLICAS && pods.every(isRunning))
    if (pod === undefined) throw new Error('no pod')
    expect(await ask(cluster, 'nginx')).toMatch(/^first of nginx-/)
    expect(await ask(cluster, 'nginx', '/index.html')).toContain('Welcome to nginx')
    expect(await inside(cluster, pod, 'id')).toMatch(/^uid=33\(www-data\) gid=33\(www-data\) groups=33\(www-data\)/)
    expect(await inside(cluster, pod, 'nginx', '-v', '-c', '/etc/nginx/nginx.conf')).toBe('')
    const logs = await cluster.kubectl(['logs', '-l', 'app=nginx', '--tail=-1'])
    expect(logs.stdout).toContain('"GET / HTTP/1.1" 200')
    expect(logs.stdout).toContain('start worker process')
  })

  test('nginx: an update, and one taken back, lose no call', async () => {
    const cluster = lab()
    const callers = ['n1', 'n2'].map(async (machine) => callFrom(cluster, { machine, url: `http://${await addressOf(cluster, 'nginx')}/`, perSecond: 25 }))
    const calling = await Promise.all(callers)
    await apply(cluster, configuration('second'), web(image, 'second'))
    await rolledOut(cluster, 'nginx')
    expect(await ask(cluster, 'nginx')).toMatch(/^second of nginx-/)
    expect((await cluster.kubectl(['rollout', 'undo', 'deployment/nginx'])).stderr).toBe('')
    await rolledOut(cluster, 'nginx')
    expect(await ask(cluster, 'nginx')).toMatch(/^first of nginx-/)
    for (const caller of calling) {
      const { calls, failures } = await caller.stop()
      expect(failures).toEqual([])
      expect(calls).toBeGreaterThan(20)
    }
  })

  test('nginx: stops by the signal that its image names, without a call left behind', async () => {
    const cluster = lab()
    const [pod] = await cluster.until<Pod>(podsPath('nginx'), (pods) => pods.length === REPLICAS && pods.every(isRunning))
    if (pod === undefined) throw new Error('no pod')
    const log = await stopped(cluster, pod)
    expect(log, nameOf(pod)).toMatch(/signal 3 \(SIGQUIT\) received.*shutting down/)
    expect(log).toContain('exit')
    expect((await cluster.kubectl(['delete', 'deployment/nginx', 'service/nginx'])).exitCode).toBe(0)
  })
}
