import { runtimeContract } from './contract.ts'
import { fakeRuntime, newFakeHost } from './fake.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import type { ContainerSpec } from './port.ts'

runtimeContract('fake', async () => {
  const host = newFakeHost()
  const options = { clock: systemClock, host, exec: (_id: string, command: readonly string[]) => (command.includes('echo out; echo err >&2; exit 3') ? { exitCode: 3, stdout: 'out\n', stderr: 'err\n' } : { exitCode: 0 }) }
  return {
    runtime: fakeRuntime(options),
    spec: async (id, args): Promise<ContainerSpec> => ({ id, rootfs: '/', config: { process: { args } }, logPath: '/log', terminal: false, stdin: false }),
    reopen: async () => fakeRuntime(options),
    close: async () => {},
  }
})
