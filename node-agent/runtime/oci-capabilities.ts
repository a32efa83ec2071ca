import type { Capabilities } from '../../shared/model/gen/api.ts'

/** What a container may do unless it says otherwise: containerd's default set. */
const DEFAULTS = ['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP', 'NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE']

const withPrefix = (name: string): string => (name.toUpperCase().startsWith('CAP_') ? name.toUpperCase() : `CAP_${name.toUpperCase()}`)

export interface CapabilityOptions {
  readonly wanted: Capabilities | undefined
  readonly privileged: boolean
  /** What the agent itself holds (`CAP_…`): more cannot be given. */
  readonly available: readonly string[]
}

export interface OciCapabilities {
  readonly bounding: readonly string[]
  readonly effective: readonly string[]
  readonly permitted: readonly string[]
}

/** The `process.capabilities` of the OCI configuration. */
export function ociCapabilities({ wanted, privileged, available }: CapabilityOptions): OciCapabilities {
  const set = new Set(privileged ? available : DEFAULTS.map(withPrefix))
  const add = (wanted?.add ?? []).map(withPrefix)
  const drop = (wanted?.drop ?? []).map(withPrefix)
  // "ALL" first, so that one name may be taken from it or given back.
  if (add.includes('CAP_ALL')) for (const name of available) set.add(name)
  if (drop.includes('CAP_ALL')) set.clear()
  for (const name of add) if (name !== 'CAP_ALL') set.add(name)
  for (const name of drop) set.delete(name)
  const names = available.filter((name) => set.has(name))
  return { bounding: names, effective: names, permitted: names }
}
