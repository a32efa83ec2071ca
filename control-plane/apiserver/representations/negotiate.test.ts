import { expect, test } from 'vitest'
import { isApiError } from '../../../shared/kit/api-error.ts'
import { negotiate, statusMedia } from './negotiate.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const negotiated = (accept: string | undefined, query = '', userAgent = 'test/1', custom = false) => negotiate({ accept, userAgent, query: new URLSearchParams(query), streams: false, custom, tables: true })

test.each([
  [undefined, 'application/json', 'object'],
  ['', 'application/json', 'object'],
  ['*/*', 'application/json', 'object'],
  ['*/*, application/yaml', 'application/yaml', 'object'],
  ['application/*, application/yaml', 'application/yaml', 'object'],
  ['application/json;q=0', 'application/json', 'object'],
  ['application/yaml', 'application/yaml', 'object'],
  ['text/html, application/yaml;q=0.9, */*;q=0.1', 'application/yaml', 'object'],
  // As client-go asks when it is told to prefer protobuf.
  [PROTOBUF, PROTOBUF, 'object'],
  [`${PROTOBUF},application/json`, PROTOBUF, 'object'],
  [`${PROTOBUF};stream=watch,application/json;stream=watch`, PROTOBUF, 'object'],
  [`application/json,${PROTOBUF}`, 'application/json', 'object'],
  [`${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json`, PROTOBUF, 'PartialObjectMetadataList'],
  // Cells are anything: there is no such message.
  [`${PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json;as=Table;g=meta.k8s.io;v=v1`, 'application/json', 'Table'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'application/json', 'Table'],
  ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', 'application/json', 'object'],
  ['application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'application/json', 'Table'],
])('Accept: %s', (accept, media, as) => {
  expect(negotiated(accept)).toMatchObject({ media, as })
})

test.each([
  ['text/html', '406: Not Acceptable'],
  ['application/*', '406: Not Acceptable'],
  ['Application/JSON', '406: Not Acceptable'],
  ['application/json;g=meta.k8s.io;v=v1', 'only the following media types are accepted'],
  ['application/yaml;stream=watch', 'only the following media types are accepted'],
  ['application/json;sv=v2', 'only the following media types are accepted'],
  [`${PROTOBUF};as=Table;g=meta.k8s.io;v=v1`, 'only the following media types are accepted'],
  ['application/json;as=Nothing;v=v1;g=meta.k8s.io', 'only the following media types are accepted'],
])('Accept: %s is refused', (accept, message) => {
  expect(() => negotiated(accept)).toThrow(expect.toSatisfy((error: unknown) => isApiError(error) && error.status.code === 406 && (error.status.message ?? '').includes(message)) as Error)
})

test('custom resources are not found by a router', () => {
  expect(negotiated('application/*', '', 'test/1', true)).toMatchObject({ media: 'application/json' })
  expect(() => negotiated('text/html', '', 'test/1', true)).toThrow('only the following media types are accepted')
})

test('custom resources have protobuf of their metadata alone', () => {
  expect(negotiated(`${PROTOBUF},application/json`, '', 'test/1', true)).toMatchObject({ media: 'application/json' })
  expect(negotiated(`${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`, '', 'test/1', true)).toMatchObject({ media: PROTOBUF, as: 'PartialObjectMetadata' })
  expect(() => negotiated(PROTOBUF, '', 'test/1', true)).toThrow('only the following media types are accepted')
})

test.each([
  [undefined, 'application/json'],
  ['application/yaml', 'application/yaml'],
  [PROTOBUF, PROTOBUF],
  ['application/yaml;as=Table;v=v1;g=meta.k8s.io', 'application/json'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/yaml', 'application/yaml'],
  ['text/html', 'application/json'],
])('a Status for %s', (accept, media) => {
  expect(statusMedia(accept)).toBe(media)
})

test('pretty for those who ask for it, and for tools that people look at', () => {
  expect(negotiated(undefined, 'pretty=true').pretty).toBe(true)
  expect(negotiated(undefined, '', 'curl/8.0').pretty).toBe(true)
  expect(negotiated(undefined, 'pretty=false', 'curl/8.0').pretty).toBe(false)
  expect(negotiated('application/json;pretty=1').pretty).toBe(true)
})
