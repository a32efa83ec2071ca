import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const module = JSON.stringify(new URL('spare-memory.ts', import.meta.url).href)

function run(script: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' })
  return stdout + stderr
}

test('the process goes on after it has given memory back', () => {
  expect(run(`import { giveBackMemory, growHeapSlowly } from ${module}; giveBackMemory(); growHeapSlowly(); setTimeout(() => console.log('goes on'), 300)`)).toBe('goes on\n')
})

test('garbage is collected beside what else is done, without anything made anew', () => {
  const script = `
    import { beginCollection } from ${module}
    let made
    const endMs = performance.now() + 30_000
    const look = (fullBytes) => {
      const { heapUsed, external } = process.memoryUsage()
      const isDone = heapUsed < fullBytes - 5_000_000 && external < 60_000_000
      if (isDone || performance.now() > endMs) console.log(isDone)
      else setTimeout(look, 20, fullBytes)
    }
    const begin = () => {
      const { heapUsed } = process.memoryUsage()
      made = undefined
      beginCollection()
      setTimeout(look, 20, heapUsed)
    }
    setTimeout(() => {
      made = Array.from({ length: 300_000 }, (_, index) => ({ index }))
      setTimeout(begin, 10)
    }, 10)`
  expect(run(script)).toBe('true\n')
})

test('where the machine has no more to give the process goes on', () => {
  const script = `
    import { beginCollection } from ${module}
    globalThis.ArrayBuffer = class { constructor() { throw new RangeError('Array buffer allocation failed') } }
    beginCollection()
    console.log('goes on')`
  expect(run(script)).toBe('goes on\n')
})
