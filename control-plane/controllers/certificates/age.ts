/** When a request for a certificate has been answered, or left unanswered, for so long that nobody needs it any more. PURE. */
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'

const HOUR_MS = 3_600_000
const DECIDED_MS = HOUR_MS
const PENDING_MS = 24 * HOUR_MS

/** The moment from which it may be removed; `undefined`: it waits for something else. */
export function uselessFromMs({ metadata, status }: CertificateSigningRequest): number | undefined {
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return after(metadata.creationTimestamp, PENDING_MS)
  const moments = conditions.flatMap(({ type, lastUpdateTime }) => {
    const isOver = type === 'Denied' || type === 'Failed' || (type === 'Approved' && Boolean(status?.certificate))
    const moment = isOver ? after(lastUpdateTime, DECIDED_MS) : undefined
    return moment === undefined ? [] : [moment]
  })
  return moments.length === 0 ? undefined : Math.min(...moments)
}

function after(time: string | undefined, ms: number): number | undefined {
  const at = parseTime(time)
  return at === undefined ? undefined : at + ms
}
