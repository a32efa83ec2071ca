import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('the process goes on after it has given memory back', () => {
  const script = `import { giveBackMemory, growHeapSlowly } from ${JSON.stringify(new URL('spare-memory.ts', import.meta.url).href)}; giveBackMemory(); growHeapSlowly(); setTimeout(() => console.log('goes on'), 300)`
  const { stdout } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' })
  expect(stdout).toBe('goes on\n')
})
