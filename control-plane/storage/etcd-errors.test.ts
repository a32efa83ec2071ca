import { expect, test } from 'vitest'
import { etcdFault, isFailure } from './etcd-errors.ts'
import { DEADLINE_EXCEEDED, GrpcError, RESOURCE_EXHAUSTED, UNAVAILABLE } from './etcd-grpc/grpc-error.ts'

const said = (error: Error): readonly [string, string] => {
  const { code, message } = etcdFault(error)
  return [code, message]
}

test('what people read is a sentence, and none of the words of gRPC', () => {
  expect(said(new GrpcError(UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2379.'))).toEqual(['unavailable', 'etcd, which keeps all objects, cannot be reached (connect ECONNREFUSED 127.0.0.1:2379)'])
  expect(said(new GrpcError(DEADLINE_EXCEEDED, 'no answer within 5000 ms'))).toEqual(['timeout', 'etcd, which keeps all objects, did not answer in time'])
  expect(said(new GrpcError(UNAVAILABLE, 'etcdserver: request timed out'))).toEqual(['timeout', 'etcd, which keeps all objects, did not answer in time'])
  expect(said(new GrpcError(UNAVAILABLE, 'etcdserver: no leader'))).toEqual(['unavailable', 'etcd, which keeps all objects, cannot be reached (etcdserver: no leader)'])
  expect(said(new GrpcError(RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'))).toEqual(['exhausted', 'etcd, which keeps all objects, is full: nothing can be written until there is room; deleting works, and room is being made'])
  expect(said(new Error('something new'))).toEqual(['internal', 'etcd: something new'])
})

test('what a working member says is no failure of it', () => {
  for (const says of ['etcdserver: mvcc: database space exceeded', 'grpc: received message larger than max (3000000 vs. 2097152)']) expect(isFailure(new GrpcError(RESOURCE_EXHAUSTED, says))).toBe(false)
  expect(isFailure(new GrpcError(UNAVAILABLE, 'etcdserver: leader changed'))).toBe(false)
  expect(isFailure(new GrpcError(RESOURCE_EXHAUSTED, 'etcdserver: too many requests'))).toBe(true)
  expect(isFailure(new GrpcError(UNAVAILABLE, 'etcdserver: no leader'))).toBe(true)
})
