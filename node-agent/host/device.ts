/** A device of this host, as its file in `/dev` names it. */
export interface HostDevice {
  readonly path: string
  readonly kind: 'char' | 'block'
  readonly major: number
  readonly minor: number
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}
