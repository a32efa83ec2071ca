/** Kubernetes writes a time that never was as null, which the schema does not say. */
export const NEVER = null as unknown as undefined
