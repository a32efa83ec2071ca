const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `2.02MB` */
export function sizeText(bytes: number): string {
  let unit = 0
  let size = bytes
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : size.toPrecision(3)}${UNITS[unit] ?? ''}`
}

/** As long as people want to read it. */
export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12)
