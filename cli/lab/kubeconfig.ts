import type { Command } from '../program/command.ts'
import { nameFlag } from './names.ts'

export const kubeconfig: Command = {
  name: 'kubeconfig',
  summary: "Print a lab's kubeconfig",
  examples: '# For other programs\ngantry kubeconfig > /tmp/lab.yaml',
  flags: [nameFlag],
  async run({ flags, terminal }) {
    const lab = await import('../../deploy/lab/lab.ts')
    terminal.out(await lab.kubeconfig(flags.text('name') ?? ''))
  },
}
