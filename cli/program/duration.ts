import { Problem } from './problem.ts'

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of a Go duration (`1m30s`, `0`, `-1s`); a bare number counts seconds. @throws Problem */
export function parseDurationMs(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text) * 1000
  const sign = text.startsWith('-') ? -1 : 1
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text.replace(/^[-+]/, '')) throw new Problem(`time: invalid duration "${text}": write it as 30s, 5m or 1h30m`)
  return sign * parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0)
}
