/** What a word of `cp` names. PURE. */

export interface InPod {
  readonly kind: 'pod'
  readonly namespace: string | undefined
  readonly pod: string
  readonly path: string
}

export type Place = InPod | { readonly kind: 'local'; readonly path: string }

/** `PATH`, `POD:PATH` or `NAMESPACE/POD:PATH`. A path that begins with a dot or a slash is local, whatever follows. */
export function parsePlace(word: string): Place {
  const at = word.indexOf(':')
  if (at <= 0 || /^[./~]/.test(word)) return { kind: 'local', path: word }
  const [namespace, pod] = word.slice(0, at).includes('/') ? word.slice(0, at).split('/', 2) : [undefined, word.slice(0, at)]
  return { kind: 'pod', namespace, pod: pod ?? '', path: word.slice(at + 1) || '.' }
}
