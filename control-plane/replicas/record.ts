/** What a replica that follows says of itself, again and again, below the election's keys: that it lives, and where its API is. */
import { isJsonObject } from '../../shared/model/json.ts'
import type { Entry } from '../storage/port.ts'

export interface ApiAddress {
  /** IPv4. */
  readonly host: string
  readonly port: number
}

const FOLDER = 'replicas/'

export const replicaKey = (prefix: string, identity: string): string => `${prefix}${FOLDER}${identity}`
export const isReplicaKey = (prefix: string, key: string): boolean => key.startsWith(`${prefix}${FOLDER}`)

/** `beats` grows: what makes it a change that others see. */
export const formatReplica = ({ host, port }: ApiAddress, beats: number): string => JSON.stringify({ host, port, beats })

export function parseReplica({ value }: Entry): ApiAddress | undefined {
  const record: unknown = JSON.parse(value)
  if (!isJsonObject(record)) return undefined
  const { host, port } = record
  return typeof host === 'string' && typeof port === 'number' ? { host, port } : undefined
}
