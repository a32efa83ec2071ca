import { expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { createAdmission } from './authorizer.ts'
import type { Http, TlsTrust } from './http.ts'

const OWN: TlsTrust = { ca: ['CA'], cert: 'CERT', key: 'KEY', skipVerify: true }

test.each<[string, TlsTrust]>([
  ['https://r.io/token', OWN],
  ['https://r.io:444/token', { ca: ['CA'], skipVerify: false }],
  ['https://tokens.io/token', { ca: ['CA'], skipVerify: false }],
])("the token service %s is shown the registry's certificate, and believed unseen, only where it is the registry", async (realm, expected) => {
  const seen: TlsTrust[] = []
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"token": "t"}')
  }
  const http: Http = {
    send: async ({ tls }) => {
      seen.push(tls)
      return { status: 200, headers: {}, body: body(), discard: () => {} }
    },
    [Symbol.dispose]: () => {},
  }
  const admission = createAdmission({ http, clock: systemClock, tls: OWN, credential: undefined, scope: 'repository:app:pull', origin: 'https://r.io', isSecure: true })
  expect(await admission.answer(`Bearer realm="${realm}"`, undefined, new AbortController().signal)).toBe(true)
  expect(admission.header()).toBe('Bearer t')
  expect(seen).toEqual([expected])
})
