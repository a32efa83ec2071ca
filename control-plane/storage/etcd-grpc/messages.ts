/** The messages of etcd's protocol (v3) that are used here: how each is written and read, by the numbers of its fields. */
import type { MessageReader } from './message-reader.ts'
import type { MessageWriter } from '../../../shared/kit/message-writer.ts'

export interface RangeRequest {
  readonly key: string
  /** The first key that is not wanted; left out: `key` alone. */
  readonly rangeEnd?: string | undefined
  readonly limit?: number | undefined
  readonly revision?: number | undefined
  readonly keysOnly?: boolean | undefined
  readonly countOnly?: boolean | undefined
}

export interface KeyValue {
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly value: Buffer
}

export interface RangeResponse {
  /** Of the store when it was asked. */
  readonly revision: number
  readonly kvs: readonly KeyValue[]
  readonly count: number
}

/** Holds when the key has just this revision; 0: when there is no such key. */
export interface Compare {
  readonly key: string
  readonly target: 'create' | 'mod'
  readonly revision: number
}

export type Operation =
  | { readonly kind: 'range'; readonly range: RangeRequest }
  | { readonly kind: 'put'; readonly key: string; readonly value: string }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'txn'; readonly txn: TxnRequest }

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly Operation[]
  readonly failure: readonly Operation[]
}

/** What became of one operation: of a range, of a delete, or of a transaction in it; nothing of a put. */
export interface OperationResponse {
  readonly kvs: readonly KeyValue[]
  readonly deleted: number
  readonly txn: TxnResponse | undefined
}

export interface TxnResponse {
  readonly revision: number
  readonly succeeded: boolean
  readonly responses: readonly OperationResponse[]
}

export interface WatchRequest {
  readonly key: string
  readonly rangeEnd: string
  /** 0: the next. */
  readonly startRevision: number
}

export interface WatchEvent {
  readonly kind: 'put' | 'delete'
  readonly kv: KeyValue
  readonly previous: KeyValue | undefined
}

export interface WatchResponse {
  readonly revision: number
  readonly created: boolean
  readonly canceled: boolean
  readonly compactRevision: number
  readonly cancelReason: string
  readonly events: readonly WatchEvent[]
}

export interface AlarmRequest {
  readonly action: number
  readonly alarm: number
  readonly memberId?: bigint | undefined
}

export interface StatusResponse {
  readonly revision: number
  readonly dbSize: number
}

/** One call that asks once and is answered once. */
export interface Method<Q, A> {
  readonly path: string
  write(writer: MessageWriter, request: Q): void
  read(reader: MessageReader): A
}

const nothing = (): void => {}

export const RANGE: Method<RangeRequest, RangeResponse> = { path: '/etcdserverpb.KV/Range', write: writeRange, read: readRange }
export const TXN: Method<TxnRequest, TxnResponse> = { path: '/etcdserverpb.KV/Txn', write: writeTxn, read: readTxn }
export const COMPACT: Method<{ readonly revision: number; readonly physical?: boolean }, void> = {
  path: '/etcdserverpb.KV/Compact',
  write(writer, { revision, physical = false }) {
    writer.flag(2, physical)
    writer.number(1, revision)
  },
  read: nothing,
}
export const STATUS: Method<void, StatusResponse> = { path: '/etcdserverpb.Maintenance/Status', write: nothing, read: readStatus }
export const DEFRAGMENT: Method<void, void> = { path: '/etcdserverpb.Maintenance/Defragment', write: nothing, read: nothing }
/** Answers the members that have the alarm. */
export const ALARM: Method<AlarmRequest, readonly bigint[]> = { path: '/etcdserverpb.Maintenance/Alarm', write: writeAlarm, read: readAlarms }
/** A call that goes on in both directions. */
export const WATCH = { path: '/etcdserverpb.Watch/Watch', write: writeWatch, read: readWatch } as const

function writeRange(writer: MessageWriter, { key, rangeEnd = '', limit = 0, revision = 0, keysOnly = false, countOnly = false }: RangeRequest): void {
  writer.flag(9, countOnly)
  writer.flag(8, keysOnly)
  writer.number(4, revision)
  writer.number(3, limit)
  if (rangeEnd !== '') writer.text(2, rangeEnd)
  writer.text(1, key)
}

function writeTxn(writer: MessageWriter, { compare, success, failure }: TxnRequest): void {
  for (const operation of failure.toReversed()) writer.message(3, () => writeOperation(writer, operation))
  for (const operation of success.toReversed()) writer.message(2, () => writeOperation(writer, operation))
  for (const one of compare.toReversed()) writer.message(1, () => writeCompare(writer, one))
}

function writeOperation(writer: MessageWriter, operation: Operation): void {
  switch (operation.kind) {
    case 'range':
      return writer.message(1, () => writeRange(writer, operation.range))
    case 'put':
      return writer.message(2, () => {
        writer.text(2, operation.value)
        writer.text(1, operation.key)
      })
    case 'delete':
      return writer.message(3, () => writer.text(1, operation.key))
    case 'txn':
      return writer.message(4, () => writeTxn(writer, operation.txn))
  }
}

/** `Equal` is what is left out. */
function writeCompare(writer: MessageWriter, { key, target, revision }: Compare): void {
  writer.number(target === 'create' ? 5 : 6, revision)
  writer.text(3, key)
  writer.number(2, target === 'create' ? 1 : 2)
}

function writeWatch(writer: MessageWriter, { key, rangeEnd, startRevision }: WatchRequest): void {
  writer.message(1, () => {
    // With what was there before.
    writer.flag(6, true)
    writer.number(3, startRevision)
    writer.text(2, rangeEnd)
    writer.text(1, key)
  })
}

function writeAlarm(writer: MessageWriter, { action, alarm, memberId = 0n }: AlarmRequest): void {
  writer.number(3, alarm)
  writer.large(2, memberId)
  writer.number(1, action)
}

function revisionOf(header: MessageReader): number {
  let revision = 0
  while (header.next()) if (header.field === 3) revision = header.number()
  return revision
}

function readKeyValue(reader: MessageReader): KeyValue {
  let key = ''
  let createRevision = 0
  let modRevision = 0
  let value: Buffer = EMPTY
  while (reader.next()) {
    if (reader.field === 1) key = reader.text()
    else if (reader.field === 2) createRevision = reader.number()
    else if (reader.field === 3) modRevision = reader.number()
    else if (reader.field === 5) value = reader.bytes()
  }
  return { key, createRevision, modRevision, value }
}

const EMPTY = Buffer.alloc(0)

function readRange(reader: MessageReader): RangeResponse {
  const kvs: KeyValue[] = []
  let revision = 0
  let count = 0
  while (reader.next()) {
    if (reader.field === 1) revision = revisionOf(reader.message())
    else if (reader.field === 2) kvs.push(readKeyValue(reader.message()))
    else if (reader.field === 4) count = reader.number()
  }
  return { revision, kvs, count }
}

function readTxn(reader: MessageReader): TxnResponse {
  const responses: OperationResponse[] = []
  let revision = 0
  let succeeded = false
  while (reader.next()) {
    if (reader.field === 1) revision = revisionOf(reader.message())
    else if (reader.field === 2) succeeded = reader.flag()
    else if (reader.field === 3) responses.push(readOperation(reader.message()))
  }
  return { revision, succeeded, responses }
}

function readOperation(reader: MessageReader): OperationResponse {
  let kvs: readonly KeyValue[] = []
  let deleted = 0
  let txn: TxnResponse | undefined
  while (reader.next()) {
    if (reader.field === 1) kvs = readRange(reader.message()).kvs
    else if (reader.field === 3) deleted = readDeleted(reader.message())
    else if (reader.field === 4) txn = readTxn(reader.message())
  }
  return { kvs, deleted, txn }
}

function readDeleted(reader: MessageReader): number {
  let deleted = 0
  while (reader.next()) if (reader.field === 2) deleted = reader.number()
  return deleted
}

function readWatch(reader: MessageReader): WatchResponse {
  const events: WatchEvent[] = []
  let [revision, created, canceled, compactRevision, cancelReason] = [0, false, false, 0, '']
  while (reader.next()) {
    if (reader.field === 1) revision = revisionOf(reader.message())
    else if (reader.field === 3) created = reader.flag()
    else if (reader.field === 4) canceled = reader.flag()
    else if (reader.field === 5) compactRevision = reader.number()
    else if (reader.field === 6) cancelReason = reader.text()
    else if (reader.field === 11) events.push(readEvent(reader.message()))
  }
  return { revision, created, canceled, compactRevision, cancelReason, events }
}

function readEvent(reader: MessageReader): WatchEvent {
  let kind: WatchEvent['kind'] = 'put'
  let kv: KeyValue = { key: '', createRevision: 0, modRevision: 0, value: EMPTY }
  let previous: KeyValue | undefined
  while (reader.next()) {
    if (reader.field === 1) kind = reader.flag() ? 'delete' : 'put'
    else if (reader.field === 2) kv = readKeyValue(reader.message())
    else if (reader.field === 3) previous = readKeyValue(reader.message())
  }
  return { kind, kv, previous }
}

function readStatus(reader: MessageReader): StatusResponse {
  let revision = 0
  let dbSize = 0
  while (reader.next()) {
    if (reader.field === 1) revision = revisionOf(reader.message())
    else if (reader.field === 3) dbSize = reader.number()
  }
  return { revision, dbSize }
}

function readAlarms(reader: MessageReader): readonly bigint[] {
  const members: bigint[] = []
  while (reader.next()) {
    if (reader.field !== 2) continue
    const alarm = reader.message()
    let member = 0n
    while (alarm.next()) if (alarm.field === 1) member = alarm.large()
    members.push(member)
  }
  return members
}
