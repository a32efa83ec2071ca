import { expect, test } from 'vitest'
import { systemClock } from '../../../shared/kit/clock.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { createAuthority, issueCertificate } from '../../../shared/kit/pki.ts'
import { VirtualClock } from '../../../test/sim/virtual-clock.ts'
import { digestOf } from '../digest.ts'
import { Claims } from './claims.ts'
import { type Opened, PeerClient } from './client.ts'
import { PeerCounts } from './counts.ts'
import { openDoor } from './door.ts'
import { type Answer, type Holdings, OPEN, PEER_TIMES, type PeerNode } from './port.ts'
import { Supply } from './supply.ts'

const bytes = Buffer.from('wanted')
const digest = digestOf(bytes)
const signal = new AbortController().signal

class SeenClaims extends Claims {
  readonly waits = Promise.withResolvers<void>()

  override changed(...given: Parameters<Claims['changed']>): Promise<void> {
    this.waits.resolve()
    return super.changed(...given)
  }
}

test('more than may wait at a node are told so, with how far it has come; who waits gets it', async () => {
  const authority = await createAuthority({ clock: systemClock })
  const identityOf = async (name: string) => {
    const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: `system:node:${name}`, organizations: ['system:nodes'], usages: ['client', 'server'], clock: systemClock })
    return { ca: authority.certificatePem, cert: certificatePem, key: privateKeyPem }
  }
  const [giver, asker] = [await identityOf('n1'), await identityOf('n2')]
  const holdings: Holdings = { rightsTo: async () => [], sizeBytes: async () => undefined, stream: async function* () {}, named: async () => undefined }
  const claims = new SeenClaims()
  const claim = claims.begin(digest, OPEN)
  Object.assign(claim, { state: 'fetching', doneBytes: 7 })
  await using door = await openDoor({ self: 'n1', host: '127.0.0.1', port: 0, identify: () => giver, holdings, claims, isMember: () => true, answersNames: false, mostWaiting: 1, clock: systemClock, log: silentLog })
  const client = new PeerClient({ self: 'n2', identify: () => asker, times: { ...PEER_TIMES, answerMs: 60_000, silenceMs: 60_000 }, clock: systemClock })
  const open = (waitMs: number): Promise<Opened> => client.open({ name: 'n1', host: '127.0.0.1', port: door.port, store: 's' }, { digest, shown: [], signal }, { from: 0, waitMs })
  const first = open(30_000)
  await claims.waits.promise
  expect(await open(30_000)).toEqual({ kind: 'busy', doneBytes: 7 })
  // Who does not want to wait is told how far it is.
  expect(await open(0)).toEqual({ kind: 'pending', doneBytes: 7 })
  claims.keep(digest, bytes)
  for (const opened of [await first, await open(30_000)]) {
    if (opened.kind !== 'bytes') throw new Error(`it was told ${opened.kind}`)
    expect(Buffer.concat(await Array.fromAsync(opened.body))).toEqual(bytes)
  }
  client.close()
})

test.each<[string, (doneBytes: number) => Opened]>([
  ['has too many who wait', (doneBytes) => ({ kind: 'busy', doneBytes })],
  ['is older, and answers at once then', (doneBytes) => ({ kind: 'pending', doneBytes })],
])('a node that %s is asked again after a while, and no registry as long as it comes nearer', async (_, answer) => {
  const clock = new VirtualClock()
  const peer: PeerNode = { name: 'n1', host: '', port: 0, store: 's' }
  let asked = 0
  const client: Pick<PeerClient, 'ask' | 'open' | 'isAway' | 'putAway'> = {
    ask: async (): Promise<Answer> => ({ state: 'fetching', also: [] }),
    async open() {
      if (++asked > 1000) throw new Error('it is asked in circles')
      return clock.monotonicMs() < 120_000 ? answer(Math.floor(clock.monotonicMs() / 1000)) : { kind: 'bytes', body: (async function* () { yield bytes })() }
    },
    isAway: () => false,
    putAway: () => {},
  }
  const claims = new Claims()
  const supply = new Supply({ self: 'n2', peers: () => [peer], client: client as PeerClient, claims, counts: new PeerCounts(), times: PEER_TIMES, clock, random: { next: () => 0.5 }, log: silentLog }, { digest, sizeBytes: bytes.length }, {
    claim: claims.begin(digest, OPEN),
    shown: [],
    signal,
    fetch: () => {
      throw new Error('the registry is asked')
    },
    isRegistryGone: false,
    ignored: new Set(),
  })
  const read = Array.fromAsync(supply.read())
  read.catch(() => {})
  await clock.advance(130_000)
  expect(Buffer.concat(await read)).toEqual(bytes)
  expect(asked).toBeLessThan(90)
})
