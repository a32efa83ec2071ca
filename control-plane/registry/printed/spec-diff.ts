import type { JsonObject } from '../../../shared/model/json.ts'
import { printInternal, printPodSpec } from './internal.ts'
import { unifiedDiff } from './unified-diff.ts'

const HTML = /[<>&\u2028\u2029]/g

/** Indented JSON, line by line, escaped as Go does. */
const linesOf = (value: unknown): readonly string[] =>
  JSON.stringify(value, undefined, 1)
    .replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .split('\n')

/** What differs in two specs of pods, as refusals quote it. */
export const podSpecDiff = (before: unknown, after: unknown): string => unifiedDiff(linesOf(printPodSpec(before as JsonObject)), linesOf(printPodSpec(after as JsonObject)))

export const ephemeralContainerDiff = (before: unknown, after: unknown): string => unifiedDiff(linesOf(printInternal('EphemeralContainer', before as JsonObject)), linesOf(printInternal('EphemeralContainer', after as JsonObject)))

/** What differs in two values of an internal type. */
export const internalDiff = (type: string, before: JsonObject, after: JsonObject): string => unifiedDiff(linesOf(printInternal(type, before)), linesOf(printInternal(type, after)))
