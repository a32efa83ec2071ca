import { expect, test } from 'vitest'
import { commandOf, mountsOf } from './command.ts'
import { autoconfOf, makeConfOf, settingsOf } from './kernel-config.ts'
import type { MachineParts } from './parts.ts'

const CONFIG = '#\n# General setup\n#\nCONFIG_CC="gcc (Debian) \\"12\\""\nCONFIG_HZ=100\n# CONFIG_PSI is not set\nCONFIG_MEMCG=y\nCONFIG_VETH=m\nCONFIG_LOCALVERSION=""\nCONFIG_LOCALVERSION_AUTO=y\n'

test('the settings of a kernel are told to make without quotes, to the compiler with them, and its version is not taken from a working copy', () => {
  const settings = settingsOf(CONFIG)
  expect(settings).toEqual({ CC: '"gcc (Debian) \\"12\\""', HZ: '100', MEMCG: 'y', VETH: 'm', LOCALVERSION: '""', LOCALVERSION_AUTO: 'y' })
  expect(makeConfOf(settings)).toBe('CONFIG_CC=gcc (Debian) \\"12\\"\nCONFIG_HZ=100\nCONFIG_MEMCG=y\nCONFIG_VETH=m\nCONFIG_LOCALVERSION=\n')
  expect(autoconfOf(settings)).toBe('#define CONFIG_CC "gcc (Debian) \\"12\\""\n#define CONFIG_HZ 100\n#define CONFIG_MEMCG 1\n#define CONFIG_VETH_MODULE 1\n#define CONFIG_LOCALVERSION ""\n')
})

test('either machine is given its memory, its first files, and the folder in which it tells what it found', () => {
  const options = { initramfs: '/f/initramfs', out: '/f/out', memory: '/f/memory', memoryMegabytes: 100, processors: 2, processor: 1 }
  const userMode: MachineParts = { kind: 'user-mode', program: '/k/linux.uml', modules: '/k', busybox: '/b' }
  const emulated: MachineParts = { kind: 'emulated', emulator: 'qemu', kernel: '/k/vmlinuz', modules: '/k', busybox: '/b' }
  expect(commandOf(userMode, options)).toEqual(expect.arrayContaining(['taskset', '--cpu-list', '1', '/k/linux.uml', 'mem=100M', 'initrd=/f/initramfs', 'uml_dir=/f/memory/']))
  expect(mountsOf(userMode, options.out).out).toContain('/f/out')
  expect(commandOf(emulated, options).join(' ')).toMatch(/-m 100 -smp 2 -kernel \/k\/vmlinuz -initrd \/f\/initramfs .*path=\/f\/out,/)
})
