/** All keys under a prefix, which ends in a character below 0x7f, as etcd names them: from it to the key after the last. */
export function prefixRange(prefix: string): { readonly key: Buffer; readonly range_end: Buffer } {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end.at(-1) ?? 0) + 1
  return { key: Buffer.from(prefix), range_end: end }
}
