/** `net/ipv4/tcp_syncookies` and `net.ipv4.tcp_syncookies` are one name: what comes first separates, the other one stands for itself. Pure. */
export function sysctlName(written: string): string {
  const first = /[./]/.exec(written)?.[0]
  return first === '/' ? written.replace(/[./]/g, (one) => (one === '/' ? '.' : '/')) : written
}
