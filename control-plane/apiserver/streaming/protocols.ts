/** Which subprotocol client and server speak; the first of the server's that the client offers. PURE. */

export const SPDY_TERMINAL_PROTOCOLS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const
export const SPDY_PORT_PROTOCOLS = ['portforward.k8s.io'] as const
export const WEBSOCKET_TERMINAL_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io'] as const
export const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io'
export const WEBSOCKET_PORT_PROTOCOLS = [TUNNEL_PROTOCOL, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const

export const parseProtocols = (header: string | undefined): readonly string[] =>
  (header ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')

/** The client's most wanted that the server speaks; `''` when the client names none; `undefined` when none fits. */
export function negotiate(offered: readonly string[], spoken: readonly string[]): string | undefined {
  if (offered.length === 0) return ''
  return offered.find((one) => spoken.includes(one))
}

/** From v4 on the error channel carries a Status as JSON; before, a sentence if it failed. */
export const tellsStatusAsJson = (protocol: string): boolean => protocol.startsWith('v4.') || protocol.startsWith('v5.')

/** What goes into the error channel at the end. */
export function errorChannelText(protocol: string, statusJson: Buffer): Buffer {
  if (tellsStatusAsJson(protocol)) return statusJson
  const status = JSON.parse(statusJson.toString('utf8')) as { readonly status?: string; readonly message?: string }
  return status.status === 'Success' ? Buffer.alloc(0) : Buffer.from(status.message ?? 'unknown error')
}
