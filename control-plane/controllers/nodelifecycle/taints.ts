/** The taints that follow from a node's conditions. PURE. */
import { OUT_OF_SERVICE_TAINT } from '../../../shared/model/fencing.ts'
import type { Node, Taint } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { isSameTaint } from '../../../shared/model/toleration.ts'

const PREFIX = 'node.kubernetes.io/'
const NOT_READY = `${PREFIX}not-ready`
const UNREACHABLE = `${PREFIX}unreachable`
const UNSCHEDULABLE = `${PREFIX}unschedulable`

/** Which taint a condition's status stands for. */
const BY_CONDITION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: `${PREFIX}memory-pressure` },
  DiskPressure: { True: `${PREFIX}disk-pressure` },
  NetworkUnavailable: { True: `${PREFIX}network-unavailable` },
  PIDPressure: { True: `${PREFIX}pid-pressure` },
}

const OWN_NO_SCHEDULE = new Set([UNSCHEDULABLE, ...Object.values(BY_CONDITION).flatMap((keys) => Object.values(keys))])
const OWN_NO_EXECUTE = new Set([NOT_READY, UNREACHABLE])

export interface TaintFacts {
  /** Given up until it is back. `undefined`: the taint is not this controller's to put on or take away. */
  readonly isFenced: boolean | undefined
  readonly nowMs: number
}

/** All the taints the node shall have, those of others untouched and in place; `undefined` if it has them. */
export function taintsOf(node: Node, { isFenced, nowMs }: TaintFacts): readonly Taint[] | undefined {
  const before = node.spec?.taints ?? []
  const wanted = [...fromConditions(node), ...(isFenced ? [OUT_OF_SERVICE_TAINT] : [])]
  const kept = before.filter((taint) => !isOwn(taint, isFenced) || wanted.some((one) => isSameTaint(one, taint)))
  const added = wanted.filter((one) => !before.some((taint) => isSameTaint(one, taint))).map((taint) => (taint.effect === 'NoExecute' ? { ...taint, timeAdded: formatTime(nowMs) } : taint))
  return added.length === 0 && kept.length === before.length ? undefined : [...kept, ...added]
}

function fromConditions(node: Node): readonly Taint[] {
  const keys = (node.status?.conditions ?? []).flatMap(({ type, status }) => BY_CONDITION[type]?.[status] ?? [])
  const noSchedule = [...keys, ...(node.spec?.unschedulable ? [UNSCHEDULABLE] : [])].map((key) => ({ key, effect: 'NoSchedule' }))
  return [...noSchedule, ...keys.filter((key) => OWN_NO_EXECUTE.has(key)).map((key) => ({ key, effect: 'NoExecute' }))]
}

function isOwn({ key, effect }: Taint, isFenced: boolean | undefined): boolean {
  if (key === OUT_OF_SERVICE_TAINT.key && effect === OUT_OF_SERVICE_TAINT.effect) return isFenced !== undefined
  return (effect === 'NoSchedule' && OWN_NO_SCHEDULE.has(key)) || (effect === 'NoExecute' && OWN_NO_EXECUTE.has(key))
}
