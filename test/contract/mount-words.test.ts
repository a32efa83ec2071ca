/** What `mount` and `umount` say, where the agent works by programs: read the same whatever language the host speaks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { programOnlyMounts } from '../../node-agent/host/mounts.ts'

/** Where there are translations of the system's messages. */
const speaks = (english: string, spanish: string): string => `#!/bin/sh
if [ "$LC_ALL" = C ]; then echo "${english}"; else echo "${spanish}"; fi >&2
exit 32
`

test('what is not mounted is no error, and what a mount lacks is told as its kind of fault, also on a host that speaks another language', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-mount-words-'))
  const path = process.env['PATH'] ?? ''
  const language = process.env['LC_ALL']
  onTestFinished(() => {
    process.env['PATH'] = path
    if (language === undefined) delete process.env['LC_ALL']
    else process.env['LC_ALL'] = language
    rmSync(folder, { recursive: true })
  })
  writeFileSync(join(folder, 'umount'), speaks('umount: /x: not mounted.', 'umount: /x: no montado.'), { mode: 0o755 })
  writeFileSync(join(folder, 'mount'), speaks('mount: /x: unknown filesystem type.', 'mount: /x: tipo de sistema de ficheros desconocido.'), { mode: 0o755 })
  process.env['PATH'] = `${folder}:${path}`
  process.env['LC_ALL'] = 'es_ES.UTF-8'
  const mounts = programOnlyMounts()
  expect(await mounts.unmount('/x')).toBe(false)
  await expect(mounts.mount({ type: 'tmpfs', source: 'tmpfs', target: '/x', data: '' })).rejects.toMatchObject({ code: 'unsupported' })
})
