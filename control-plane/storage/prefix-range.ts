/** All keys under a prefix, which ends in a character below 0x7f, as etcd names them: from it to the key after the last. */
export const prefixRange = (prefix: string): { readonly key: string; readonly rangeEnd: string } => ({ key: prefix, rangeEnd: prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1) })
