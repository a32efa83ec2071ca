import { readFile } from 'node:fs/promises'
import { exists } from './files.ts'

/** Whether AppArmor and SELinux are at work here, and can be spoken to. @param sys where sysfs is. */
export async function securityModules(sys = '/sys'): Promise<{ readonly appArmor: boolean; readonly seLinux: boolean }> {
  const enabled = await readFile(`${sys}/module/apparmor/parameters/enabled`, 'utf8').catch(() => '')
  return { appArmor: enabled.trim() === 'Y' && (await exists(`${sys}/kernel/security/apparmor`)), seLinux: await exists(`${sys}/fs/selinux/enforce`) }
}
