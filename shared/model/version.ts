/** Gantry's own version, and the Kubernetes version whose API it speaks. */
export const VERSION = '0.1.0'
export const KUBERNETES_VERSION = 'v1.36.2'
/** As nodes and `/version` give it. */
export const GIT_VERSION = `${KUBERNETES_VERSION}+gantry-${VERSION}`
