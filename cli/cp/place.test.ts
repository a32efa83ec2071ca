import { expect, test } from 'vitest'
import { parsePlace } from './place.ts'

test.each([
  ['file', { kind: 'local', path: 'file' }],
  ['./a:b', { kind: 'local', path: './a:b' }],
  ['/a:b', { kind: 'local', path: '/a:b' }],
  ['web-0:/www', { kind: 'pod', namespace: undefined, pod: 'web-0', path: '/www' }],
  ['shop/web-0:www', { kind: 'pod', namespace: 'shop', pod: 'web-0', path: 'www' }],
  ['web-0:', { kind: 'pod', namespace: undefined, pod: 'web-0', path: '.' }],
])('%s', (word, place) => expect(parsePlace(word)).toEqual(place))
