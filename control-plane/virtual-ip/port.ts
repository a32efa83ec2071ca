/** An address that is wherever the leader is, as the machine's network has it. */
export interface AddressHolder {
  /** Gives the device the address, or leaves it there, for so long: the kernel takes it away by itself when that is over. Throws `Fault('unsupported' | 'internal')`. */
  keep(seconds: number): Promise<void>
  /** The same where another machine may have had it until now: as soon as it is here the neighbours are told so, and again over the next seconds (best effort, and nobody waits for that). */
  take(seconds: number): Promise<void>
  /** Takes it away, if it is there; and makes ready to take it quickly. */
  drop(): Promise<void>
}
