import { describe, expect, it } from 'vitest'
import type { Clock } from '../../shared/kit/clock.ts'
import { podWith, testSources, volumesContract } from './contract.ts'
import { memoryLimitBytes } from './empty-dir.ts'
import { fakeVolumes } from './fake.ts'
import { commonUser, downwardPayload } from './payload.ts'
import { Tokens } from './tokens.ts'

volumesContract('fake', async () => ({ volumes: fakeVolumes(), async [Symbol.asyncDispose]() {} }))

describe('Tokens', () => {
  const request = { audience: 'a', expirationSeconds: 1000 }
  function setUp() {
    let nowMs = 0
    let issued = 0
    let away = false
    const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
    const sources = {
      ...testSources(),
      serviceAccountToken: async ({ expirationSeconds }: { readonly expirationSeconds: number }) => {
        if (away) throw new Error('the control plane is away')
        return { token: `t${++issued}`, expiresMs: nowMs + expirationSeconds * 1000 }
      },
    }
    const tokens = new Tokens(clock)
    return { get: () => tokens.get(podWith([]), sources, request), at: (ms: number) => (nowMs = ms), cutOff: () => (away = true), tokens }
  }

  it('are renewed at 80 % of their life', async () => {
    const { get, at } = setUp()
    expect(await get()).toBe('t1')
    at(799_999)
    expect(await get()).toBe('t1')
    at(800_000)
    expect(await get()).toBe('t2')
  })

  it('are used to their end when no new one can be had', async () => {
    const { get, at, cutOff } = setUp()
    await get()
    cutOff()
    at(999_999)
    expect(await get()).toBe('t1')
    at(1_000_000)
    await expect(get()).rejects.toThrow('away')
  })
})

describe('memoryLimitBytes', () => {
  const container = (memory?: string) => ({ name: 'c', image: 'i', ...(memory === undefined ? {} : { resources: { limits: { memory } } }) })
  it.each([
    ['8Mi', [container()], 8 << 20],
    ['8Mi', [container('4Mi'), container('1Mi')], 5 << 20],
    [undefined, [container('4Mi'), container()], undefined],
    [undefined, [container('4Mi')], 4 << 20],
    ['0', [container()], undefined],
  ])('of %s in %j is %s', (sizeLimit, containers, expected) => {
    expect(memoryLimitBytes(podWith([], { containers }), { medium: 'Memory', ...(sizeLimit === undefined ? {} : { sizeLimit }) })).toBe(expected)
  })
})

describe('downwardPayload', () => {
  it('says which field there is not', () => {
    expect(downwardPayload(podWith([]), [{ path: 'x', fieldRef: { fieldPath: 'metadata.nope' } }], { defaultMode: 0o644 })).toEqual({ kind: 'missing', message: 'unsupported fieldPath: metadata.nope' })
  })
})

describe('commonUser', () => {
  const c = (runAsUser?: number) => ({ name: 'c', image: 'i', ...(runAsUser === undefined ? {} : { securityContext: { runAsUser } }) })
  it.each([
    [[c()], undefined, undefined],
    [[c()], 5, 5],
    [[c(5), c(5)], undefined, 5],
    [[c(5), c(6)], undefined, undefined],
    [[c(5), c()], 5, 5],
    [[c(5), c()], undefined, undefined],
  ])('of %j under %s is %s', (containers, podUser, expected) => {
    expect(commonUser(podWith([], { containers, ...(podUser === undefined ? {} : { securityContext: { runAsUser: podUser } }) }))).toBe(expected)
  })
})
