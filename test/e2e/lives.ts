/** Pods under watch: each container writes who it is and that it lives, every 20 ms, into a file that all machines of the lab share. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Each start of a container is a life of its own; `read` waits within the shell, so that no process is started for a sign. */
const COMMAND = `trap 'exit 0' TERM
read id < /proc/sys/kernel/random/uuid
mkfifo /tick && exec 3<>/tick
while :; do read now rest < /proc/uptime; echo "$id $NODE $now" >> "/life/$NAME"; read -t 0.02 -u 3 nothing; done`

/** One container from its first sign to its last, in seconds of the boot-time clock of the host, which all machines of a lab have. */
export interface OneLife {
  readonly id: string
  readonly node: string
  readonly first: number
  readonly last: number
}

const fieldRef = (fieldPath: string): object => ({ valueFrom: { fieldRef: { fieldPath } } })

export class Lives implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'gantry-lives-'))

  /** A pod's spec; what is given is laid over it. */
  spec(more: object = {}): object {
    return {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sh', '-c', COMMAND], env: [{ name: 'NAME', ...fieldRef('metadata.name') }, { name: 'NODE', ...fieldRef('spec.nodeName') }], volumeMounts: [{ name: 'life', mountPath: '/life' }] }],
      volumes: [{ name: 'life', hostPath: { path: this.#folder } }],
      ...more,
    }
  }

  /** All lives that there were under a pod's name, in the order in which they began. */
  of(podName: string): readonly OneLife[] {
    const file = join(this.#folder, podName)
    const byId = new Map<string, OneLife>()
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []) {
      const [id = '', node = '', text = ''] = line.split(' ')
      const now = Number(text)
      const known = byId.get(id)
      byId.set(id, { id, node, first: known?.first ?? now, last: now })
    }
    return [...byId.values()].toSorted((a, b) => a.first - b.first)
  }

  /** Pairs that lived at the same time, as sentences; none where everything is well. */
  overlaps(podName: string): readonly string[] {
    const all = this.of(podName)
    return all.flatMap((one, at) => all.slice(at + 1).filter((other) => other.first < one.last).map((other) => `${podName} lived on ${one.node} until ${one.last}, and on ${other.node} from ${other.first} on`))
  }

  [Symbol.dispose](): void {
    // After a test that failed its pods may still write there.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}
