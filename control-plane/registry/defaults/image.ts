/** The tag or digest an image name carries decides how it is pulled by default. */
export function defaultPullPolicy(image: string | undefined): 'Always' | 'IfNotPresent' {
  return imageTag(image ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
}

/** `latest` where neither tag nor digest is named; '' where only a digest is, or where the name cannot be read. */
function imageTag(image: string): string {
  const at = image.indexOf('@')
  const named = at < 0 ? image : image.slice(0, at)
  const colon = named.lastIndexOf(':')
  if (colon > named.lastIndexOf('/')) return named.slice(colon + 1)
  return at < 0 && isReadable(named) ? 'latest' : ''
}

/** Kubernetes cannot tell the tag of a malformed name and then does not say `Always`. */
const isReadable = (name: string): boolean => /^(?:[A-Za-z0-9.-]+(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/.test(name)
