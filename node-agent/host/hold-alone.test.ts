import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { holdAlone } from './hold-alone.ts'

const name = (): string => `gantry-hold-alone-test:${process.pid}:${performance.now()}`

test('a name is held once, and free again when it is let go', async () => {
  const one = name()
  const held = await holdAlone(one, 'taken')
  await expect(holdAlone(one, 'somebody has it: look')).rejects.toMatchObject({ code: 'conflict', message: 'somebody has it: look' })
  using _other = await holdAlone(name(), 'taken')
  held[Symbol.dispose]()
  using _again = await holdAlone(one, 'taken')
})

test('a process that is killed lets it go', async () => {
  const one = name()
  const program = `import { holdAlone } from ${JSON.stringify(new URL('hold-alone.ts', import.meta.url).href)}; await holdAlone(${JSON.stringify(one)}, 'taken'); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  await expect(holdAlone(one, 'taken')).rejects.toMatchObject({ code: 'conflict' })
  child.kill('SIGKILL')
  await once(child, 'exit')
  using _held = await holdAlone(one, 'taken')
})
