import type { ContainerPort } from '../../../shared/model/gen/api.ts'
import { MOST_CAUSES } from './told.ts'

export interface Listed {
  readonly path: string
  readonly port: ContainerPort
}

/** What is wrong with two definitions of one port of a pod, if anything. */
export function conflict(port: ContainerPort, other: ContainerPort): string | undefined {
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? '']
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0]
  if (ip === otherIp && host === otherHost) return 'duplicate'
  if (host === 0 || otherHost === 0) return 'overlapping'
  return host === otherHost && (ip === '' || otherIp === '') ? 'dangerously ambiguous' : undefined
}

interface Found extends Listed {
  readonly index: number
}

/** The definitions of one port, found by where they meet another: only so many of each sort as there may be warnings. */
export class KnownPorts {
  readonly #found = new Map<string, Found[]>()
  #count = 0

  add(listed: Listed): void {
    const found: Found = { ...listed, index: this.#count++ }
    const { hostPort: host = 0, hostIP: ip = '' } = listed.port
    for (const place of ['all', `${host}`, `${host}/${ip}`]) this.#note(place, found)
  }

  #note(place: string, found: Found): void {
    const list = this.#found.get(place)
    if (!list) this.#found.set(place, [found])
    else if (list.length < MOST_CAUSES) list.push(found)
  }

  /** Those that conflict with the port, in their order. */
  meeting({ hostPort: host = 0, hostIP: ip = '' }: ContainerPort): readonly Listed[] {
    const places = host === 0 ? ['all'] : ip === '' ? ['0', `${host}`] : ['0', `${host}/`, `${host}/${ip}`]
    return places.flatMap((place) => this.#found.get(place) ?? []).toSorted((one, other) => one.index - other.index)
  }
}
