import { expect, test } from 'vitest'
import { podLogFolder } from './paths.ts'

const uid = '5c3c3c9a-0785-4ac1-9f62-afaf8564e0f1'
const folderOf = (namespace: string, name: string): string => podLogFolder('/logs', { metadata: { namespace, name, uid } })

test('the folder of logs is named as kubelet names it, and never too long for a file system', () => {
  expect(folderOf('ns', 'web')).toBe(`/logs/ns_web_${uid}`)
  const longest = folderOf('n'.repeat(63), 'p'.repeat(253)).slice('/logs/'.length)
  expect(longest.length).toBe(255)
  expect(longest.endsWith(`p_${uid}`)).toBe(true)
})
