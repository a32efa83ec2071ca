import { readFile, writeFile } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import { unlessMissing } from './errno.ts'
import { mustRun, runProgram } from './exec.ts'

/** Links, addresses, routes and settings of the network namespace this process lives in. For what happens seldom: each call is a process. */
export interface NodeNetwork {
  links(): Promise<readonly NodeLink[]>
  routes(): Promise<readonly NodeRouteEntry[]>
  /** Lines in `ip -batch`'s language. All are tried; throws Fault('invalid') with the words of those that failed. */
  run(commands: readonly string[]): Promise<void>
  /** `net/ipv4/ip_forward`; undefined where the kernel has no such setting. */
  readSetting(name: string): Promise<string | undefined>
  /** Answers false where the kernel has no such setting. */
  writeSetting(name: string, value: string): Promise<boolean>
}

export interface NodeLink {
  readonly name: string
  readonly mtuBytes: number
  /** IPv4 addresses with their prefix, `10.0.0.1/24`. */
  readonly addresses: readonly string[]
}

export interface NodeRouteEntry {
  /** `default`, or a range. */
  readonly destination: string
  readonly via: string
  readonly device: string
  /** Who made it: a name, or a number iproute2 has no name for. */
  readonly protocol: string
}

export function systemNodeNetwork(): NodeNetwork {
  return {
    links: async () => parseList(await mustRun('ip', ['-json', 'address', 'show'])).map(readLink),
    routes: async () => parseList(await mustRun('ip', ['-json', '-4', 'route', 'show'])).map(readRoute),
    async run(commands) {
      if (commands.length === 0) return
      const { exitCode, stderr } = await runProgram('ip', ['-force', '-batch', '-'], { input: `${commands.join('\n')}\n` })
      if (exitCode !== 0) throw new Fault('invalid', `ip: ${stderr.trim()}`)
    },
    readSetting: async (name) => (await unlessMissing(readFile(`/proc/sys/${name}`, 'utf8')))?.trim(),
    async writeSetting(name, value) {
      return (await unlessMissing(writeFile(`/proc/sys/${name}`, value, { flag: 'r+' }).then(() => true))) ?? false
    },
  }
}

const parseList = (text: string): readonly JsonObject[] => {
  const list: unknown = text.trim() === '' ? [] : JSON.parse(text)
  return Array.isArray(list) ? list.filter(isJsonObject) : []
}

const string = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

function readLink(link: JsonObject): NodeLink {
  const addresses = Array.isArray(link['addr_info']) ? link['addr_info'].filter(isJsonObject).filter(({ family }) => family === 'inet') : []
  return { name: string(link['ifname']), mtuBytes: Number(link['mtu'] ?? 1500), addresses: addresses.map((address) => `${string(address['local'])}/${string(address['prefixlen'])}`) }
}

const readRoute = (route: JsonObject): NodeRouteEntry => ({ destination: string(route['dst']), via: string(route['gateway']), device: string(route['dev']), protocol: string(route['protocol']) })
