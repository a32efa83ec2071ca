import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Against the group of all pods beside it, which has the share every group has: little is wanted, but at once. */
const TIMES = 64

/**
 * Gives the group of this process (the agent, its fencer, the monitors of containers) the greater share of processors where pods want them all: between groups nice
 * says nothing. Only where both groups are in one folder: elsewhere it is for whoever made the agent's group to say (systemd: `CPUWeight`).
 *
 * @param parent the group of all pods, `/gantry/lab/n1/pods`. Answers the file that was written, if one was.
 */
export async function raiseOwnGroup(version: 1 | 2, parent: string, root = '/sys/fs/cgroup'): Promise<string | undefined> {
  const own = ownGroup(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''), version)
  if (own === undefined || own === '/' || own === parent || dirname(own) !== dirname(parent)) return undefined
  const [file, value] = version === 2 ? [join(root, own, 'cpu.weight'), 100 * TIMES] : [join(root, 'cpu', own, 'cpu.shares'), 1024 * TIMES]
  return writeFile(file, String(value)).then(
    () => file,
    () => undefined,
  )
}

/** Of the processor's hierarchy (or that of another controller), or of the one that version 2 has. */
export function ownGroup(text: string, version: 1 | 2, controller = 'cpu'): string | undefined {
  const lines = text.split('\n').map((line) => line.split(':'))
  const line = lines.find(([, controllers = '']) => (version === 2 ? controllers === '' : controllers.split(',').includes(controller)))
  return line?.slice(2).join(':')
}
