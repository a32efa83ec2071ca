import { expect, test } from 'vitest'
import { isApiError } from '../../../shared/kit/api-error.ts'
import { negotiate } from './negotiate.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const negotiated = (accept: string | undefined, query = '', userAgent = 'test/1') => negotiate({ accept, userAgent, query: new URLSearchParams(query), streams: false })

test.each([
  [undefined, 'application/json', 'object'],
  ['', 'application/json', 'object'],
  ['*/*', 'application/json', 'object'],
  ['application/*', 'application/json', 'object'],
  ['application/yaml', 'application/yaml', 'object'],
  ['text/html, application/yaml;q=0.9, */*;q=0.1', 'application/yaml', 'object'],
  // As client-go asks when it is told to prefer protobuf.
  [`${PROTOBUF},application/json`, 'application/json', 'object'],
  [`${PROTOBUF};stream=watch,application/json;stream=watch`, 'application/json', 'object'],
  [`${PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json`, 'application/json', 'PartialObjectMetadataList'],
  ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json', 'application/json', 'Table'],
  ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', 'application/json', 'object'],
  ['application/json;as=Nothing;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io', 'application/json', 'Table'],
])('Accept: %s', (accept, media, as) => {
  expect(negotiated(accept)).toMatchObject({ media, as })
})

test.each([
  ['text/html', '406: Not Acceptable'],
  [PROTOBUF, 'only the following media types are accepted'],
  ['application/json;as=Nothing;v=v1;g=meta.k8s.io', 'only the following media types are accepted'],
])('Accept: %s is refused', (accept, message) => {
  expect(() => negotiated(accept)).toThrow(expect.toSatisfy((error: unknown) => isApiError(error) && error.status.code === 406 && (error.status.message ?? '').includes(message)) as Error)
})

test('pretty for those who ask for it, and for tools that people look at', () => {
  expect(negotiated(undefined, 'pretty=true').pretty).toBe(true)
  expect(negotiated(undefined, '', 'curl/8.0').pretty).toBe(true)
  expect(negotiated(undefined, 'pretty=false', 'curl/8.0').pretty).toBe(false)
  expect(negotiated('application/json;pretty=1').pretty).toBe(true)
})
