import { describe, expect, it } from 'vitest'
import { snapshotsContract } from './contract.ts'
import { fakeSnapshots } from './fake.ts'
import { overlayOptions } from './overlay-options.ts'

snapshotsContract('fake', async () => ({ snapshots: fakeSnapshots(), layer: async () => '/fake/layer', async [Symbol.asyncDispose]() {} }))

describe('overlayOptions', () => {
  const folders = { upper: '/s/u', work: '/s/w' }

  it('names the topmost layer first, each once, and escapes what is syntax', () => {
    expect(overlayOptions({ ...folders, layers: ['/l/a', '/l/b:c,d', '/l/a'] }, ['index=off'])).toEqual({ data: 'lowerdir=/l/a:/l/b\\:c\\,d,upperdir=/s/u,workdir=/s/w,index=off' })
  })

  it('fits 127 layers into a page', () => {
    const layers = Array.from({ length: 127 }, (_, at) => `/var/lib/gantry/images/layers/${String(at).padStart(24, '0')}`)
    const { data, cwd } = overlayOptions({ ...folders, layers }, ['index=off', 'volatile'])
    expect(cwd).toBe('/var/lib/gantry/images/layers')
    expect(data.length).toBeLessThan(4096)
  })
})
