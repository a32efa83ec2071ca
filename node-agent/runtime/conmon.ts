import { dirname, join } from 'node:path'
import { mkdir } from 'node:fs/promises'
import { launch, type Launched } from '../host/processes.ts'
import type { CreateResult } from './port.ts'
import { plainWords } from './words.ts'

/** How one container's monitor is started. */
export interface MonitorOptions {
  readonly conmon: string
  readonly runtime: string
  readonly runtimeRoot: string
  readonly id: string
  readonly bundle: string
  readonly exits: string
  readonly logPath: string
  readonly terminal: boolean
  readonly stdin: boolean
  readonly stdinOnce: boolean
  /** The monitor has ended: after the container did, or by a death of its own. */
  readonly onMonitorEnd: () => void
}

/** conmon writes one line of JSON here once the runtime's `create` has ended. */
const SYNC_PIPE_FD = '3'

/**
 * Starts conmon, which makes the container through the OCI runtime, then forks away and outlives us. Answers once the container is
 * created (its process waits for `start`) or refused.
 */
export async function createUnderMonitor(options: MonitorOptions): Promise<CreateResult> {
  await mkdir(dirname(options.logPath), { recursive: true })
  // UTC, because conmon stamps its log lines in local time.
  const env = { _OCI_SYNCPIPE: SYNC_PIPE_FD, PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC' }
  // It notes an out-of-memory kill by a file in the folder it was started in.
  const monitor = await launch(options.conmon, monitorArgs(options), { env, cwd: options.bundle, extraPipe: true, stderr: 'pipe' })
  monitor.unref()
  const line = await firstLine(monitor, options.onMonitorEnd)
  const answer = parseSync(line.text)
  if (answer === undefined) return { kind: 'refused', message: `the monitor ended without an answer${line.stderr === '' ? '' : `: ${line.stderr}`}` }
  return answer.data > 0 ? { kind: 'created', pid: answer.data } : { kind: 'refused', message: plainWords(answer.message ?? '') }
}

function monitorArgs(options: MonitorOptions): readonly string[] {
  const { id, bundle } = options
  const flags = [options.terminal ? '-t' : '', options.stdin ? '-i' : '', options.stdin && !options.stdinOnce ? '--leave-stdin-open' : '']
  return ['--api-version', '1', '-c', id, '-u', id, '-n', id, '-r', options.runtime, '-b', bundle, '--runtime-arg', `--root=${options.runtimeRoot}`].concat(
    ['-p', join(bundle, 'pidfile'), '-P', join(bundle, 'conmon.pid'), '--exit-dir', options.exits, '--full-attach', '--no-sync-log'],
    ['-l', `k8s-file:${options.logPath}`],
    flags.filter((flag) => flag !== ''),
  )
}

interface SyncAnswer {
  readonly data: number
  readonly message?: string | undefined
}

/** `{"data": PID}`, or `{"data": -1, "message": "…"}`. */
export function parseSync(text: string): SyncAnswer | undefined {
  try {
    const parsed = JSON.parse(text) as { readonly data?: unknown; readonly message?: unknown }
    if (typeof parsed.data !== 'number') return undefined
    return { data: parsed.data, ...(typeof parsed.message === 'string' ? { message: parsed.message } : {}) }
  } catch {
    return undefined
  }
}

/** The first line on the sync pipe. The pipe stays open as long as the monitor lives, so its end tells of that one's. */
function firstLine(monitor: Launched, onMonitorEnd: () => void): Promise<{ readonly text: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    let text = ''
    let stderr = ''
    const done = (): void => {
      resolve({ text: text.trim(), stderr: stderr.trim() })
      monitor.stderr?.destroy()
    }
    monitor.stderr?.on('data', (bytes: Buffer) => {
      if (stderr.length < 4096) stderr += bytes.toString()
    })
    monitor.extra?.on('data', (bytes: Buffer) => {
      text += bytes.toString()
      if (text.includes('\n')) done()
    })
    monitor.extra?.once('end', () => {
      done()
      onMonitorEnd()
    })
    monitor.extra?.once('error', done)
  })
}
