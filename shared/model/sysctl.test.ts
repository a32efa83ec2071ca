import { expect, test } from 'vitest'
import { sysctlName } from './sysctl.ts'

test.each([
  ['net.ipv4.tcp_syncookies', 'net.ipv4.tcp_syncookies'],
  ['net/ipv4/tcp_syncookies', 'net.ipv4.tcp_syncookies'],
  ['net.ipv4.conf.eth0/1.rp_filter', 'net.ipv4.conf.eth0/1.rp_filter'],
  ['net/ipv4/conf/eth0.1/rp_filter', 'net.ipv4.conf.eth0/1.rp_filter'],
  ['', ''],
])('%j is %j', (written, name) => expect(sysctlName(written)).toBe(name))
