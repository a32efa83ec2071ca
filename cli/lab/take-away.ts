/** Makes a lab smaller without losing what runs on it. */
import type { Call, Command } from '../program/command.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import { parse } from '../program/parse.ts'
import { cordon, nodePath } from '../nodes/cordon.ts'
import { drain } from '../nodes/drain.ts'
import { clusterOf } from './demo-parts.ts'

type Door = typeof import('../../deploy/lab/lab.ts')
type Spec = Parameters<Door['nodesAbove']>[0]

/** A pod that does not leave within this keeps its node. */
const DRAIN_TIMEOUT = '120s'

/** Drains the nodes above the number, cuts their power, and forgets them. @throws Problem when one cannot be drained; nothing is taken away then */
export async function takeAway(call: Call, door: Door, { spec, nodes }: { readonly spec: Spec; readonly nodes: number }): Promise<void> {
  using cluster = await clusterOf(call, await door.kubeconfig(spec.name))
  const leaving = door.nodesAbove(spec, nodes)
  const run = (command: Command, words: readonly string[]): Promise<number | void> | undefined => command.run?.({ ...call, ...parse(command, command.name, words), cluster: () => Promise.resolve(cluster) })
  // All of them first: what leaves one must not go to the next.
  await run(cordon, leaving)
  await run(drain, [...leaving, '--force', '--ignore-daemonsets', '--delete-emptydir-data', '--timeout', DRAIN_TIMEOUT])
  await door.removeNodes(spec.name, nodes)
  for (const name of leaving) {
    await cluster.json({ method: 'DELETE', path: nodePath(name) }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
    call.terminal.out(`node/${name} taken away\n`)
  }
}
