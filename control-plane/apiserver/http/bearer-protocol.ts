/** How a browser shows its token when it opens a WebSocket: as a subprotocol that begins so, since it cannot set headers. */
export const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.'
