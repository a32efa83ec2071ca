import { expect, test } from 'vitest'
import type { DiskImages } from './disk-images.ts'
import { transfer } from './transfer.ts'

async function* nothing(): AsyncGenerator<Uint8Array> {}

test('what a slow reader has not read does not pile up, and the end of each layer is told', async () => {
  const totalBytes = 100_000
  const ensure = async (_: string, __: string, { onProgress }: { readonly onProgress: (progress: object) => void }): Promise<object> => {
    for (let doneBytes = 1; doneBytes <= totalBytes; doneBytes++) onProgress({ digest: 'd', doneBytes, totalBytes, state: doneBytes < totalBytes ? 'pulling' : 'pulled' })
    return { kind: 'present', image: { id: 'i' }, pulled: false }
  }
  const lines: string[] = []
  for await (const line of transfer({ ensure } as unknown as DiskImages, { method: 'POST', path: '/pull', query: new URLSearchParams({ ref: 'a' }), body: nothing() })) lines.push(line.toString())
  expect(lines.length).toBeLessThan(2000)
  expect(lines.at(-2)).toContain('"doneBytes":100000')
  expect(lines.at(-1)).toContain('"kind":"done"')
})

test("what a person sends with a pull are that person's logins, not the node's", async () => {
  const seen: unknown[] = []
  const ensure = async (_: string, __: string, { logins }: { readonly logins: readonly object[] }): Promise<object> => {
    seen.push(...logins)
    return { kind: 'present', image: { id: 'i' }, pulled: false }
  }
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(JSON.stringify({ auths: { 'r.io': { username: 'a', password: 'b' } } }))
  }
  for await (const _ of transfer({ ensure } as unknown as DiskImages, { method: 'POST', path: '/pull', query: new URLSearchParams({ ref: 'r.io/a' }), body: body() }));
  expect(seen).toMatchObject([{ registry: 'r.io', isPersonal: true }])
})
