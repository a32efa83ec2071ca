/** What expressions about devices may name, and how large it may be (`resource.k8s.io`). */
import type { Size } from './cost.ts'
import { BOOL, type CelType, DYN, mapOf, plain, STRING } from './types.ts'

const byDomain = (values: CelType): CelType => mapOf(STRING, mapOf(STRING, values))

export const deviceTypes: ReadonlyMap<string, CelType> = new Map([
  ['device', { kind: 'object', name: 'kubernetes.DRADevice', fields: new Map([['driver', STRING], ['allowMultipleAllocations', BOOL], ['attributes', byDomain(DYN)], ['capacity', byDomain(plain('Quantity'))]]) }],
])

const MOST_PROPERTIES = 32
const DOMAIN: Size = { size: 63 }
const ID: Size = { size: 32 }
const sizeByDomain = (items: Size): Size => ({ size: MOST_PROPERTIES, keys: DOMAIN, items: { size: MOST_PROPERTIES, keys: ID, items } })

export const deviceSizes: ReadonlyMap<string, Size> = new Map([
  ['device', { size: 1, fields: new Map([['driver', DOMAIN], ['allowMultipleAllocations', { size: 1 }], ['attributes', sizeByDomain({ size: 64 })], ['capacity', sizeByDomain({ size: 1 })]]) }],
])
