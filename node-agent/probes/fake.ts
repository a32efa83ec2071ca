import type { ProbeNetwork } from './port.ts'
import type { ProbeResult } from './threshold.ts'

/** Answers as told: `answers` by `host:port` or `host:port/path`; what it does not know succeeds, no address at all never does. */
export function fakeProbeNetwork(): ProbeNetwork & { readonly answers: Map<string, ProbeResult> } {
  const answers = new Map<string, ProbeResult>()
  const fine: ProbeResult = { kind: 'success', output: '' }
  const nowhere: ProbeResult = { kind: 'failure', output: 'connection refused' }
  return {
    answers,
    http: async ({ host, port, path }) => answers.get(`${host}:${port}${path}`) ?? answers.get(`${host}:${port}`) ?? (host === '' ? nowhere : fine),
    tcp: async ({ host, port }) => answers.get(`${host}:${port}`) ?? (host === '' ? nowhere : fine),
    grpc: async ({ host, port }) => answers.get(`${host}:${port}`) ?? (host === '' ? nowhere : fine),
  }
}
