/** A short name for a pod template, as `pod-template-hash` labels and names of replica sets carry it. */
import type { PodTemplateSpec } from './gen/api.ts'
import { isJsonObject } from './json.ts'

/** Kubernetes' letters for such texts: no vowels, no look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** @param collisionCount how many times another template was found to have the same hash. */
export function templateHash(template: PodTemplateSpec, collisionCount = 0): string {
  const hash = fnv32a(`${canonical(template)}${collisionCount > 0 ? collisionCount : ''}`)
  return [...String(hash)].map((digit) => ALPHABET.charAt(digit.charCodeAt(0) % ALPHABET.length)).join('')
}

/** 32-bit FNV-1a over UTF-16 code units, as an unsigned number. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** JSON with sorted keys, so that equal values have equal texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
  return `{${members.join(',')}}`
}
