/** Where the agent works by programs, what they say is read the same whatever language the host speaks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programOnlyMounts } from '../../node-agent/host/mounts.ts'
import { writeNetnsSettings } from '../../node-agent/host/netns-settings.ts'

/** A program that only complains, on a host that has translations of the system's messages. */
const speaks = (english: string, spanish: string, exitCode: number): string => `#!/bin/sh
if [ "$LC_ALL" = C ]; then echo "${english}"; else echo "${spanish}"; fi >&2
exit ${exitCode}
`

/** Until the test is over the host speaks Spanish, and these are found before its programs of their names. */
function hostWith(programs: Readonly<Record<string, string>>): void {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-language-'))
  const path = process.env['PATH'] ?? ''
  const language = process.env['LC_ALL']
  onTestFinished(() => {
    process.env['PATH'] = path
    if (language === undefined) delete process.env['LC_ALL']
    else process.env['LC_ALL'] = language
    rmSync(folder, { recursive: true })
  })
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text, { mode: 0o755 })
  process.env['PATH'] = `${folder}:${path}`
  process.env['LC_ALL'] = 'es_ES.UTF-8'
}

test('what is not mounted is no error, and what a mount lacks is told as its kind of fault', async () => {
  hostWith({
    umount: speaks('umount: /x: not mounted.', 'umount: /x: no montado.', 32),
    mount: speaks('mount: /x: unknown filesystem type.', 'mount: /x: tipo de sistema de ficheros desconocido.', 32),
  })
  const mounts = programOnlyMounts()
  expect(await mounts.unmount('/x')).toBe(false)
  await expect(mounts.mount({ type: 'tmpfs', source: 'tmpfs', target: '/x', data: '' })).rejects.toMatchObject({ code: 'unsupported' })
})

test('a setting that the kernel does not take is told in the words that Go has for it', async () => {
  hostWith({ tee: speaks('tee: $1: Invalid argument', 'tee: $1: Argumento no admitido', 1) })
  const told = 'write sysctl key net.ipv4.no_such: write /proc/sys/net/ipv4/no_such: invalid argument'
  await expect(writeNetnsSettings('/proc/self/ns/net', { 'net.ipv4.no_such': '1' })).rejects.toMatchObject({ code: 'invalid', message: told })
})
