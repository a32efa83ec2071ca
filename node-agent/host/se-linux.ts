import { writeFile } from 'node:fs/promises'

/** A label is written there, and refused where the policy at work has no such user, role, type or level, or not together. */
const CHECK = '/sys/fs/selinux/context'

/** Whether the policy at work knows a label. Asked only where SELinux is. */
export async function knowsLabel(label: string): Promise<boolean> {
  try {
    await writeFile(CHECK, label)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false
    throw error
  }
}
