/** What is told of a setting that the kernel does not take, whatever language the host speaks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeNetnsSettings } from '../../node-agent/host/netns-settings.ts'

/** Where there are translations of the system's messages. */
const TEE = `#!/bin/sh
if [ "$LC_ALL" = C ]; then echo "tee: $1: Invalid argument"; else echo "tee: $1: Argumento no admitido"; fi >&2
exit 1
`

test('a refused setting is told in the words that Go has for it, also on a host that speaks another language', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-settings-'))
  const path = process.env['PATH'] ?? ''
  const language = process.env['LC_ALL']
  onTestFinished(() => {
    process.env['PATH'] = path
    if (language === undefined) delete process.env['LC_ALL']
    else process.env['LC_ALL'] = language
    rmSync(folder, { recursive: true })
  })
  writeFileSync(join(folder, 'tee'), TEE, { mode: 0o755 })
  process.env['PATH'] = `${folder}:${path}`
  process.env['LC_ALL'] = 'es_ES.UTF-8'
  const told = 'write sysctl key net.ipv4.no_such: write /proc/sys/net/ipv4/no_such: invalid argument'
  await expect(writeNetnsSettings('/proc/self/ns/net', { 'net.ipv4.no_such': '1' })).rejects.toMatchObject({ code: 'invalid', message: told })
})
