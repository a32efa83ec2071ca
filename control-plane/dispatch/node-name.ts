/** RFC 1123 subdomain, at most 253 characters. */
export const isDns1123Subdomain = (name: string): boolean => name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)
