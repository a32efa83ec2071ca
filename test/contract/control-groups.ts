import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'

/** Takes a test's own group out of every hierarchy. The kernel holds one for a moment longer than the last process of it; a group that was left in it by mistake stays, and throws. */
export async function removeGroup(name: string): Promise<void> {
  for (const path of ['', ...readdirSync(ROOT)].map((controller) => join(ROOT, controller, name))) {
    for (let tries = 0; existsSync(path); tries++) {
      try {
        rmdirSync(path)
      } catch (error) {
        if (tries > 600) throw error
        await wait(50)
      }
    }
  }
}
