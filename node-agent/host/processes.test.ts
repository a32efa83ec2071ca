import { expect, test } from 'vitest'
import { cannotRun } from './processes.ts'

test.each([
  ['EAGAIN', 'exhausted', 'cannot run crun: resource temporarily unavailable (no process is left)'],
  ['ENOMEM', 'exhausted', 'cannot run crun: spawn ENOMEM'],
  ['EMFILE', 'exhausted', 'cannot run crun: spawn EMFILE'],
  ['ENOENT', 'unsupported', 'cannot run crun: is it installed?'],
])('a program that cannot be started for %s: %s', (code, fault, message) => {
  expect(cannotRun('crun', Object.assign(new Error(`spawn ${code}`), { code }))).toMatchObject({ code: fault, message })
})
