import { GRPCDeadlineExceededError, GRPCUnavailableError } from 'etcd3'
import { expect, test } from 'vitest'
import { etcdFault } from './etcd-errors.ts'

const said = (error: Error): readonly [string, string] => {
  const { code, message } = etcdFault(error)
  return [code, message]
}

test('what people read is a sentence, and none of the words of gRPC', () => {
  expect(said(new GRPCUnavailableError('14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2379.'))).toEqual(['unavailable', 'etcd, which keeps all objects, cannot be reached (connect ECONNREFUSED 127.0.0.1:2379)'])
  expect(said(new GRPCDeadlineExceededError('4 DEADLINE_EXCEEDED: Deadline exceeded after 5.001s,remote_addr=127.0.0.1:2379'))).toEqual(['timeout', 'etcd, which keeps all objects, did not answer in time'])
  expect(said(new GRPCUnavailableError('14 UNAVAILABLE: etcdserver: request timed out'))).toEqual(['timeout', 'etcd, which keeps all objects, did not answer in time'])
  expect(said(new GRPCUnavailableError('14 UNAVAILABLE: etcdserver: no leader'))).toEqual(['unavailable', 'etcd, which keeps all objects, cannot be reached (etcdserver: no leader)'])
  expect(said(new Error('8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded'))).toEqual(['exhausted', 'etcd, which keeps all objects, is full: nothing can be written until there is room; deleting works, and room is being made'])
  expect(said(new Error('2 UNKNOWN: something new'))).toEqual(['internal', 'etcd: something new'])
})
