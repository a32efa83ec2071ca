/** A length of time for a person: `40 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function lengthText(ms: number): string {
  const whole = Math.max(0, Math.round(ms))
  if (whole < 1_000) return `${whole} ms`
  if (whole < 9_950) return `${(whole / 1_000).toFixed(1)} s`
  const seconds = Math.round(whole / 1_000)
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`
  const hours = Math.floor(minutes / 60)
  return `${hours} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`
}
