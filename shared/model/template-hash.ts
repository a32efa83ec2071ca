/** A short name for a pod template, as `pod-template-hash` labels and names of replica sets carry it: the one that Kubernetes gives, so that names are the same here and there. */
import { utf8Bytes } from './base64.ts'
import type { PodTemplateSpec } from './gen/api.ts'
import { goTyped } from './go-values/print.ts'
import type { JsonObject } from './json.ts'

/** Kubernetes' letters for such texts: no vowels, no look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** @param collisionCount how many times another template was found to have the same hash; `undefined` where nobody counted yet. */
export function templateHash(template: PodTemplateSpec, collisionCount?: number): string {
  const hash = fnv32a(utf8Bytes(goTyped('v1.PodTemplateSpec', template as unknown as JsonObject)), collisionCount === undefined ? [] : eightBytes(collisionCount))
  return [...String(hash)].map((digit) => ALPHABET.charAt(digit.charCodeAt(0) % ALPHABET.length)).join('')
}

/** Four bytes of the number, least first, in a buffer of eight. */
const eightBytes = (count: number): readonly number[] => [count, count >>> 8, count >>> 16, count >>> 24, 0, 0, 0, 0].map((byte) => byte & 0xff)

/** 32-bit FNV-1a, as an unsigned number. */
function fnv32a(...parts: ReadonlyArray<Iterable<number>>): number {
  let hash = 0x811c9dc5
  for (const part of parts) for (const byte of part) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
