/** Wall clocks that are wrong. The kernel has one for all its namespaces, so a machine's programs are told another time than it has: those that run on Node. */
import { Fault } from '../../shared/kit/faults.ts'
import { setVariables } from './services.ts'
import { membersOfTarget, signalProgram } from './power.ts'
import { targetOf } from './targets.ts'

/** Read before anything else of a program, and by each of its threads. What measures durations is left alone, as it is in a machine whose clock is wrong. */
const shifted = (offsetMs: number): string => `
const Real = Date
globalThis.Date = class Date extends Real {
  constructor(...given) { given.length === 0 ? super(Real.now() + ${offsetMs}) : super(...given) }
  static now() { return Real.now() + ${offsetMs} }
}`

/** From now on the wall clock of a machine (or of one program) is wrong by so much; 0 mends it. Its programs are started anew. @throws Fault('unsupported') for etcd alone */
export async function setClock(lab: string, name: string, offsetMs: number): Promise<void> {
  const { spec, target } = await targetOf(lab, name)
  const members = membersOfTarget(target).filter(({ kind }) => kind !== 'etcd')
  if (members.length === 0) throw new Fault('unsupported', `${name} runs etcd alone, which asks the kernel for the time: only control planes and agents can be told another`)
  for (const member of members) {
    await setVariables(spec, member.name, offsetMs === 0 ? {} : { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shifted(offsetMs))}` })
    await signalProgram(spec, member, 'SIGKILL')
  }
}
