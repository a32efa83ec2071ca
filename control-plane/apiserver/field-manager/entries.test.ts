import { expect, test } from 'vitest'
import { readManagers, writeManagers } from './entries.ts'

test('an entry of nobody has no name, and is read again as the same', () => {
  const entry = { operation: 'Update', apiVersion: 'v1', time: '2026-01-01T00:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } } as const
  const managers = readManagers([entry])
  expect(managers && writeManagers(managers)).toEqual([entry])
  const named = readManagers([{ ...entry, manager: 'one' }])
  expect(named && writeManagers(named)).toEqual([{ ...entry, manager: 'one' }])
})
