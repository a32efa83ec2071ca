/** What flags a command has, and what was given for them. Words and spellings as pflag has them, since that is what people's fingers know. */

export interface Flag {
  /** Without dashes. */
  readonly name: string
  /** One letter. */
  readonly short?: string
  /** `text` takes a value, `list` may be given several times, `switch` takes none, `optional` takes one only after `=`. */
  readonly kind: 'text' | 'list' | 'switch' | 'optional'
  /** How the value is called in the help. */
  readonly value?: string
  /** What an `optional` flag means when it is given bare. */
  readonly bare?: string
  readonly default?: string
  readonly help: string
}

/** What was given. Asking for a flag that the command does not have is our own mistake. */
export interface Flags {
  /** The value given last, or the default. */
  text(name: string): string | undefined
  /** Every value given, in order. */
  list(name: string): readonly string[]
  is(name: string): boolean
  /** Whether the flag was on the command line. */
  given(name: string): boolean
  /** Whether the command has such a flag. */
  knows(name: string): boolean
}

export const text = (name: string, help: string, more: Partial<Flag> = {}): Flag => ({ name, kind: 'text', help, ...more })
export const list = (name: string, help: string, more: Partial<Flag> = {}): Flag => ({ name, kind: 'list', help, ...more })
export const toggle = (name: string, help: string, more: Partial<Flag> = {}): Flag => ({ name, kind: 'switch', help, ...more })
export const optional = (name: string, help: string, more: Partial<Flag> = {}): Flag => ({ name, kind: 'optional', help, bare: 'true', ...more })

/** Flags that every command takes: which cluster, as whom, where. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  text('namespace', 'If present, the namespace scope for this CLI request', { short: 'n' }),
  text('kubeconfig', 'Path to the kubeconfig file to use'),
  text('context', 'The name of the kubeconfig context to use'),
  text('cluster', 'The name of the kubeconfig cluster to use'),
  text('user', 'The name of the kubeconfig user to use'),
  text('server', 'The address and port of the API server', { short: 's' }),
  text('token', 'Bearer token for authentication to the API server'),
  text('as', 'Username to impersonate for the operation'),
  list('as-group', 'Group to impersonate for the operation, may be repeated'),
  text('certificate-authority', 'Path to a cert file for the certificate authority'),
  text('client-certificate', 'Path to a client certificate file for TLS'),
  text('client-key', 'Path to a client key file for TLS'),
  toggle('insecure-skip-tls-verify', "If true, the server's certificate will not be checked for validity"),
  text('tls-server-name', 'Server name to use for server certificate validation'),
  text('request-timeout', 'How long to wait for a single request; 0 for ever', { default: '0' }),
  text('cache-dir', 'Where discovery is remembered'),
  text('v', 'Accepted as kubectl has it, and ignored', { short: 'v' }),
]
