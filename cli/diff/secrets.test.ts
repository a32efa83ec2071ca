import { expect, test } from 'vitest'
import { maskedPair } from './secrets.ts'

const secret = (data: Readonly<Record<string, string>>): { readonly apiVersion: 'v1'; readonly kind: 'Secret'; readonly metadata: object; readonly data: object } => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(data), note: 'n' } }, data })

test('what a secret holds is not shown, only whether it differs', () => {
  const [before, after] = maskedPair(secret({ same: 'a', other: 'b', gone: 'c' }), secret({ same: 'a', other: 'B', come: 'd' }))
  expect(before?.['data']).toEqual({ same: '***', other: '*** (before)', gone: '***' })
  expect(after['data']).toEqual({ same: '***', other: '*** (after)', come: '***' })
  expect(after.metadata?.annotations).toEqual({ 'kubectl.kubernetes.io/last-applied-configuration': '***', note: 'n' })
})

test('all else is shown as it is', () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } }
  expect(maskedPair(undefined, map)).toEqual([undefined, map])
})
