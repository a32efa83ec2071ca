import { formatCidr, formatIp, networkOf, parseCidr, parseIp } from '../../../shared/model/validation/ip.ts'

/** Addresses that are understood but written as none should be. */
export function ipWarnings(field: string, text: string): readonly string[] {
  const address = parseIp(text)
  if (!address) return []
  const canonical = formatIp(address)
  if (!text.includes(':') && /(^|\.)0\d/.test(text)) return [`${field}: non-standard IP address ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`]
  if (text.includes(':') && address.family === 4) return [`${field}: non-standard IP address ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`]
  return address.family === 6 && text !== canonical ? [`${field}: IPv6 address ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`] : []
}

export function cidrWarnings(field: string, text: string): readonly string[] {
  const cidr = parseCidr(text)
  if (!cidr) return []
  const canonical = formatCidr(cidr)
  const [ip = '', length = ''] = text.split('/')
  const unusual = (!ip.includes(':') && /(^|\.)0\d/.test(ip)) || (ip.includes(':') && cidr.address.family === 4) || (length.length > 1 && length.startsWith('0'))
  if (unusual) return [`${field}: non-standard CIDR value ${JSON.stringify(text)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(canonical)}`]
  if (formatIp(networkOf(cidr)) !== formatIp(cidr.address)) {
    return [`${field}: CIDR value ${JSON.stringify(text)} is ambiguous in this context (should be ${JSON.stringify(canonical)} or ${JSON.stringify(`${formatIp(cidr.address)}/${cidr.address.family === 4 ? 32 : 128}`)}?)`]
  }
  return cidr.address.family === 6 && text !== canonical ? [`${field}: IPv6 CIDR value ${JSON.stringify(text)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`] : []
}
