import { expect, test } from 'vitest'
import { bodyMedia } from './media.ts'

test.each<[string | undefined, string | undefined]>([
  [undefined, 'json'],
  ['application/json', 'json'],
  [' Application/YAML ; charset="utf-8" ; ', 'yaml'],
  ['application/json;', 'json'],
  ['application/json ; charset', undefined],
  ['application/json;;', undefined],
  ['text/plain', undefined],
  [`application/json${' '.repeat(300_000)}x`, undefined],
  [`application/json; a=b${' '.repeat(300_000)}x`, undefined],
])('a body of %#', (contentType, media) => expect(bodyMedia(contentType)).toBe(media))
