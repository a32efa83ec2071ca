import { parseTime } from '../../../shared/model/time.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const withRest = (count: number, unit: string, rest: string): string => `${count}${unit}${rest.startsWith('0') ? '' : rest}`

/** A duration the way kubectl shows ages: two units while they matter, then one (`k8s.io/apimachinery/pkg/util/duration`). */
export function formatAge(durationMs: number): string {
  const seconds = Math.trunc(durationMs / SECOND)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.trunc(durationMs / MINUTE)
  if (minutes < 10) return withRest(minutes, 'm', `${seconds % 60}s`)
  if (minutes < 180) return `${minutes}m`
  return formatHours(Math.trunc(durationMs / HOUR), minutes)
}

function formatHours(hours: number, minutes: number): string {
  const days = Math.trunc(hours / 24)
  if (hours < 8) return withRest(hours, 'h', `${minutes % 60}m`)
  if (hours < 48) return `${hours}h`
  if (hours < 24 * 8) return withRest(days, 'd', `${hours % 24}h`)
  if (hours < 24 * 365 * 2) return `${days}d`
  const years = Math.trunc(days / 365)
  return hours < 24 * 365 * 8 ? withRest(years, 'y', `${days % 365}d`) : `${years}y`
}

/** How long ago `timestamp` was, or `<unknown>`. */
export function ageSince(timestamp: string | undefined, nowMs: number): string {
  const at = parseTime(timestamp)
  return at === undefined ? '<unknown>' : formatAge(nowMs - at)
}
