/** What a machine needs beside its kernel where one of the kernel's security modules is at work. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { install, mustRun, unpack } from './apt.ts'

export const SECURITY_MODULES = ['apparmor', 'selinux'] as const
/** Of those that confine by label a kernel has one at a time. */
export type SecurityModule = (typeof SECURITY_MODULES)[number]

/** @returns shell lines that prepare the machine. @throws NoMachine */
export const prepareSecurity = (module: SecurityModule, folder: string): string => (module === 'apparmor' ? appArmor(join(folder, 'apparmor')) : seLinux(join(folder, 'selinux')))

/** Not installed on the host: there its profiles would begin to hold. */
function appArmor(folder: string): string {
  if (!existsSync(folder)) unpack('apparmor', folder)
  return `cp -a ${folder}/sbin/. /sbin/ && cp -a ${folder}/etc/apparmor ${folder}/etc/apparmor.d /etc/ && cp -a ${folder}/usr/share/apparmor-features /usr/share/`
}

/** The policies of distributions are for whole systems, and Debian's knows no containers: this one knows little else. */
function seLinux(folder: string): string {
  install({ secilc: 'secilc' })
  mkdirSync(folder, { recursive: true })
  mustRun('secilc', ['--mls', 'true', '--policyvers', '33', '--output', 'policy', '--filecontext', 'contexts', join(import.meta.dirname, 'policy.cil')], { cwd: folder })
  return `cat ${folder}/policy > /sys/fs/selinux/load && echo 1 > /sys/fs/selinux/enforce`
}
