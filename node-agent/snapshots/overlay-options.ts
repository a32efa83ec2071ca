import { basename, dirname } from 'node:path'

/** The options of an overlay mount (kernel, Documentation/filesystems/overlayfs.rst). Pure. */
export interface OverlayFolders {
  /** Lowest first. */
  readonly layers: readonly string[]
  readonly upper: string
  readonly work: string
}

/** One page, with its closing zero byte. */
const MAX_BYTES = 4095

/**
 * Options that do not fit into one page name the layers relative to the folder they all lie in.
 * A layer that stands in the list twice is kept once, at its upper place, which hides the lower one entirely; overlayfs refuses doubles.
 */
export function overlayOptions({ layers, upper, work }: OverlayFolders, extra: readonly string[]): { readonly data: string; readonly cwd?: string } {
  const lower = [...new Set(layers.toReversed())]
  const format = (names: readonly string[]): string => [`lowerdir=${names.map(escapeLower).join(':')}`, `upperdir=${escape(upper)}`, `workdir=${escape(work)}`, ...extra].join(',')
  const whole = format(lower)
  const [first = ''] = lower
  const cwd = dirname(first)
  if (Buffer.byteLength(whole) <= MAX_BYTES || lower.some((layer) => dirname(layer) !== cwd)) return { data: whole }
  return { data: format(lower.map((layer) => basename(layer))), cwd }
}

const escape = (path: string): string => path.replace(/[\\,]/g, '\\$&')
const escapeLower = (path: string): string => path.replace(/[\\,:]/g, '\\$&')
