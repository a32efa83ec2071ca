import type { Command } from '../program/command.ts'

export const clusterInfo: Command = {
  name: 'cluster-info',
  summary: 'Print where the control plane is',
  async run(call) {
    const cluster = await call.cluster()
    // Says nothing before the server has answered.
    await cluster.text({ path: '/version' })
    const bold = (text: string): string => (call.terminal.columns === undefined ? text : `\u001B[0;32m${text}\u001B[0m`)
    call.terminal.out(`${bold('Kubernetes control plane')} is running at ${cluster.target.rest.server}\n\nTo further debug and diagnose cluster problems, use 'gantry get events -A' and 'gantry lab logs control-plane'.\n`)
  },
}
