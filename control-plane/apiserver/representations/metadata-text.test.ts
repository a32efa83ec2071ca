import fc from 'fast-check'
import { expect, test } from 'vitest'
import { itemOf } from '../core/stored.ts'
import { metadataText } from './metadata-text.ts'

const itemWith = (text: string) => ({ key: 'k', revision: 1, object: JSON.parse(text), json: () => text })

test('it is the metadata of the object, whatever stands in it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (metadata, more) => {
      const item = itemOf('k', 7, { kind: 'Pod', apiVersion: 'v1', metadata: metadata as never, spec: { more, metadata: { no: '}' } } })
      expect(JSON.parse(metadataText(item))).toEqual(JSON.parse(item.json()).metadata)
    }),
  )
})

test.each([
  ['quotes and braces in strings', '{"kind":"A","apiVersion":"v1","metadata":{"a":"}\\"}{","b":"\\\\"},"spec":{}}'],
  ['nothing behind it', '{"kind":"A","apiVersion":"v1","metadata":{"a":{"b":{}}}}'],
  ['another order', '{"spec":{"x":"y"},"metadata":{"a":"b"},"kind":"A"}'],
  ['blanks that others have written', '{ "kind": "A", "metadata": {"a": "b"} }'],
])('%s', (_name, text) => expect(JSON.parse(metadataText(itemWith(text)))).toEqual(JSON.parse(text).metadata))

test('each version of an object has its own', () => {
  const version = (name: string) => itemWith(`{"metadata":{"name":"${name}"}}`)
  const [old, now] = [version('old'), version('now')]
  expect([metadataText(old), metadataText(now), metadataText(old)]).toEqual(['{"name":"old"}', '{"name":"now"}', '{"name":"old"}'])
})
