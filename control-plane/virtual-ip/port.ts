/** An address that is wherever the leader is, as the machine's network has it. */
export interface AddressHolder {
  /** Gives the device the address, or leaves it there, for so long: the kernel takes it away by itself when that is over. Throws `Fault('unsupported' | 'internal')`. */
  keep(seconds: number): Promise<void>
  /** Tells the neighbours which machine has the address now, a few times over the next seconds. Best effort. */
  tell(): Promise<void>
  /** Takes it away, if it is there. */
  drop(): Promise<void>
}
