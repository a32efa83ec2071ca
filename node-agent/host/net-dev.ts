import { readFile } from 'node:fs/promises'

/** Bytes and errors of one device since it was made. */
export interface DeviceTraffic {
  readonly name: string
  readonly rxBytes: number
  readonly rxErrors: number
  readonly txBytes: number
  readonly txErrors: number
}

/** Devices of the network namespace that a process is in, the loopback left out; none where the process is gone. */
export async function trafficOf(pid: number | 'self'): Promise<readonly DeviceTraffic[]> {
  return parseTraffic(await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => ''))
}

export function parseTraffic(text: string): readonly DeviceTraffic[] {
  return text.split('\n').flatMap((line): readonly DeviceTraffic[] => {
    const [, name, numbers] = /^\s*([^\s:]+):(.*)$/.exec(line) ?? []
    if (name === undefined || numbers === undefined || name === 'lo') return []
    const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = numbers.trim().split(/\s+/).map(Number)
    return [{ name, rxBytes, rxErrors, txBytes, txErrors }]
  })
}
