/** A process that probes the ports it is told of, once a second with three of patience; one failure decides. Says each verdict on its output: `KIND VERDICT THREADS`. */
import { readdirSync } from 'node:fs'
import { launch } from '../../node-agent/host/processes.ts'
import { runHandler, type Handler, type HandlerDoor } from '../../node-agent/probes/handler.ts'
import { systemProbeNetwork } from '../../node-agent/probes/network.ts'
import { startProber } from '../../node-agent/probes/prober.ts'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { systemRandom as random } from '../../shared/kit/random.ts'

const [http = 0, grpc = 0] = process.argv.slice(2).map(Number)

async function* nothing(): AsyncGenerator<Uint8Array> {}

const door: HandlerDoor = {
  network: systemProbeNetwork,
  clock,
  runtime: {
    async exec(_id, { command: [program = '', ...args], signal }) {
      const { exited, kill } = await launch(program, args)
      signal?.addEventListener('abort', () => kill(9), { once: true })
      return { stdout: nothing(), stderr: nothing(), writeStdin: async () => {}, closeStdin: () => {}, resize: () => {}, exit: exited }
    },
  },
}

const handlers: Readonly<Record<string, Handler>> = { http: { httpGet: { port: http } }, grpc: { grpc: { port: grpc } }, exec: { exec: { command: ['sleep', '0.3'] } } }

for (const [kind, handler] of Object.entries(handlers)) {
  startProber({
    probe: { periodSeconds: 1, timeoutSeconds: 3, failureThreshold: 1 },
    firstAfterMs: 0,
    clock,
    random,
    endsWith: new Set(['failure']),
    attempt: (signal) => runHandler(door, { handler, place: { pod: { metadata: {} }, container: { name: 'c' }, containerId: 'c', podIP: '127.0.0.1' }, timeoutMs: 3_000, signal }),
    onResult: (result, verdict) => void process.stdout.write(`${kind} ${verdict ?? 'none'} ${readdirSync('/proc/self/task').length} ${result.output}\n`),
  })
}
