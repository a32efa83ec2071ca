import { describe, expect, it } from 'vitest'
import type { Snapshots } from './port.ts'

export interface SnapshotsHarness extends AsyncDisposable {
  readonly snapshots: Snapshots
  /** A folder holding these files, to be a layer. */
  layer(files: Readonly<Record<string, string>>): Promise<string>
}

/** What every kind of snapshots promises. */
export function snapshotsContract(name: string, open: () => Promise<SnapshotsHarness>): void {
  describe(`snapshots: ${name}`, () => {
    it('are listed from prepare to remove', async () => {
      await using harness = await open()
      const { snapshots } = harness
      expect(await snapshots.list()).toEqual([])
      const layers = [await harness.layer({ a: '1' })]
      await snapshots.prepare('one', layers)
      await snapshots.prepare('two', layers)
      expect([...(await snapshots.list())].sort()).toEqual(['one', 'two'])
      await snapshots.remove('one')
      expect(await snapshots.list()).toEqual(['two'])
    })

    it('answer the same rootfs however often they are prepared, and another for another key', async () => {
      await using harness = await open()
      const layers = [await harness.layer({ a: '1' })]
      const { rootfs } = await harness.snapshots.prepare('one', layers)
      expect(await harness.snapshots.prepare('one', layers)).toEqual({ rootfs })
      expect((await harness.snapshots.prepare('two', layers)).rootfs).not.toBe(rootfs)
    })

    it('that are not there can be removed', async () => {
      await using harness = await open()
      await harness.snapshots.remove('nothing')
      await harness.snapshots.remove('nothing')
    })

    it('of no layers are possible', async () => {
      await using harness = await open()
      expect((await harness.snapshots.prepare('scratch', [])).rootfs).toContain('scratch')
      expect((await harness.snapshots.usage('scratch')).bytes).toBeGreaterThanOrEqual(0)
    })
  })
}
