import { expect, test } from 'vitest'
import { decodeEntry } from './cached-object.ts'

const pod = (name: string, owned: object, more: object = {}) => ({
  kind: 'Pod',
  metadata: { name, managedFields: [{ manager: 'm', fieldsV1: owned }] },
  spec: { tolerations: [{ key: 'a', operator: 'Exists' }], volumes: [{ name: `token-${name}`, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }], ...more },
})

const read = (value: object) => decodeEntry({ key: 'k', value: JSON.stringify(value), revision: 3 }).object as unknown as ReturnType<typeof pod>

test('objects share what they have alike, and read as they were written', () => {
  const owned = { 'f:spec': { 'f:containers': {} } }
  const [a, b, c] = [read(pod('a', owned)), read(pod('b', owned)), read(pod('c', { 'f:spec': {} }))]
  expect(a).toEqual({ ...pod('a', owned), metadata: { ...pod('a', owned).metadata, resourceVersion: '3' } })
  expect(b.metadata.managedFields[0]?.fieldsV1).toBe(a.metadata.managedFields[0]?.fieldsV1)
  expect(b.spec.tolerations).toBe(a.spec.tolerations)
  expect(b.spec.volumes[0]?.projected).toBe(a.spec.volumes[0]?.projected)
  expect(b.spec.volumes[0]?.name).toBe('token-b')
  expect(c.metadata.managedFields[0]?.fieldsV1).toEqual({ 'f:spec': {} })
})

test('whatever stands in their places is left as it is', () => {
  for (const value of [{}, { metadata: null, spec: 3 }, { metadata: { managedFields: {} }, spec: { tolerations: 'x', volumes: [null, 1, { projected: null }] } }, { metadata: { managedFields: [null, 'a', { fieldsV1: 'x' }] } }]) {
    expect(read(value)).toEqual({ ...value, metadata: { ...('metadata' in value ? value.metadata : {}), resourceVersion: '3' } })
  }
})

test('parts beyond what is remembered are right too', () => {
  for (let index = 0; index < 1500; index++) expect(read(pod('p', { [`f:${index}`]: {} })).metadata.managedFields[0]?.fieldsV1).toEqual({ [`f:${index}`]: {} })
})
