import { parseTime } from '../../shared/model/time.ts'

const part = (value: number, unit: string): string => (value === 0 ? '' : `${value}${unit}`)

/** A length of time as kubectl writes it: the fewer figures the longer it is. */
export function durationText(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return `${minutes}m${part(seconds % 60, 's')}`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return `${hours}h${part(minutes % 60, 'm')}`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return `${days}d${part(hours % 24, 'h')}`
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return days < 2920 ? `${years}y${part(days % 365, 'd')}` : `${years}y`
}

/** How long ago; `<unknown>` for no time. */
export function ageText(time: string | null | undefined, nowMs: number): string {
  const at = time === null || time === undefined ? undefined : parseTime(time)
  return at === undefined ? '<unknown>' : durationText(nowMs - at)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const
const two = (value: number): string => String(value).padStart(2, '0')

/** `Mon, 02 Jan 2006 15:04:05 -0700`, in the person's own time zone. */
export function longTime(time: string | null | undefined): string {
  const at = time === null || time === undefined ? undefined : parseTime(time)
  if (at === undefined) return 'Mon, 01 Jan 0001 00:00:00 +0000'
  const date = new Date(at)
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  return `${DAYS[date.getDay()] ?? ''}, ${two(date.getDate())} ${MONTHS[date.getMonth()] ?? ''} ${date.getFullYear()} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`
}
