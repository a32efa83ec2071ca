/** What is asked of both servers, in this order: later loads read what earlier ones have written. */
import type { Asked, Client, Rate } from './load.ts'
import { rated, rateOf } from './load.ts'
import { median } from '../row.ts'

export interface Outcome {
  /** Medians, where there were several rounds. */
  readonly ours: Rate
  readonly bare: Rate
  /** Of a bare server that also puts as much into the same etcd. */
  readonly storing?: Rate | undefined
  /** What ours did in each round, answers per second. */
  readonly rounds: readonly number[]
}

const NAMESPACE = 'load'
const BASE = `/api/v1/namespaces/${NAMESPACE}`
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const PODS = 5000

const configMap = (name: string, data: string, labels: Readonly<Record<string, string>> = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data: { a: data } })

const pod = (index: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, labels: { app: `a${index % 10}` } },
    spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'busybox:1.35', resources: { requests: { cpu: '10m', memory: '16Mi' } }, env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80 }] }] },
  })

interface Requests {
  readonly count: number
  readonly width: number
  /** How often, ours and bare by turns: a load of a third of a second is as long as one collection of garbage makes it. */
  readonly rounds: number
  /** Also held against a bare server that stores. */
  readonly isStored?: boolean
  asked(index: number): Asked
}

const REQUESTS = {
  'create-configmap': { count: 4000, width: 64, rounds: 1, asked: (index) => ({ method: 'POST', path: `${BASE}/configmaps`, body: configMap(`c${index}`, 'x'.repeat(200)) }) },
  'create-pod': { count: PODS, width: 64, rounds: 1, asked: (index) => ({ method: 'POST', path: `${BASE}/pods`, body: pod(index) }) },
  'create-alone': { count: 400, width: 1, rounds: 5, isStored: true, asked: (index) => ({ method: 'POST', path: `${BASE}/configmaps`, body: configMap(`s${index}`, 'x') }) },
  get: { count: 10_000, width: 64, rounds: 3, asked: (index) => ({ method: 'GET', path: `${BASE}/pods/p${index % PODS}` }) },
  patch: { count: 3000, width: 64, rounds: 1, asked: (index) => ({ method: 'PATCH', path: `${BASE}/pods/p${index % PODS}`, body: JSON.stringify({ metadata: { annotations: { n: String(index) } } }), headers: { 'content-type': 'application/merge-patch+json' } }) },
  'list-500': { count: 200, width: 8, rounds: 5, asked: () => ({ method: 'GET', path: `${BASE}/pods?limit=500` }) },
  'list-5000-cached': { count: 40, width: 4, rounds: 3, asked: () => ({ method: 'GET', path: `${BASE}/pods?resourceVersion=0` }) },
  'list-5000': { count: 40, width: 4, rounds: 3, asked: () => ({ method: 'GET', path: `${BASE}/pods` }) },
  'table-500': { count: 100, width: 8, rounds: 5, asked: () => ({ method: 'GET', path: `${BASE}/pods?limit=500`, headers: { accept: TABLE } }) },
} as const satisfies Readonly<Record<string, Requests>>

export type RequestLoad = keyof typeof REQUESTS
export const REQUEST_LOADS = Object.keys(REQUESTS) as readonly RequestLoad[]

export async function prepare({ ours, bare }: { readonly ours: Client; readonly bare: Client }): Promise<void> {
  await readLarge(bare)
  await ours.ask({ method: 'POST', path: '/api/v1/namespaces', body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }) })
  for (let tries = 0; tries < 200; tries++) {
    if ((await ours.ask({ method: 'GET', path: `${BASE}/serviceaccounts/default` })).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the namespace gets no service account')
}

const LARGE = { path: '/large', bytes: 1_200_000, count: 200, width: 8 }

/** The first large answers cost the client half as long again as later ones, until its code is compiled: that would count against whoever is asked first. */
async function readLarge(bare: Client): Promise<void> {
  await bare.ask({ method: 'PUT', path: LARGE.path, body: 'x'.repeat(LARGE.bytes) })
  await rateOf({ ...LARGE, one: () => bare.count({ method: 'GET', path: LARGE.path }) })
}

/** The bare server answers the same requests with the bytes that ours answers. */
export async function measureRequests(name: RequestLoad, { ours, bare }: { readonly ours: Client; readonly bare: Client }): Promise<Outcome> {
  const { count, width, rounds, isStored, asked }: Requests = REQUESTS[name]
  const ourRates: Rate[] = []
  const bareRates: Rate[] = []
  const storingRates: Rate[] = []
  for (let round = 0; round < rounds; round++) {
    ourRates.push(await rateOf({ count, width, one: (index) => ours.count(asked(round * count + index)) }))
    if (round === 0) {
      const { method } = asked(0)
      const sample = await ours.ask(method === 'POST' ? { ...asked(rounds * count), path: `${asked(0).path}?dryRun=All` } : asked(0))
      await bare.ask({ method: 'PUT', path: `/${name}`, body: sample.bytes.toString('utf8') })
    }
    bareRates.push(await rateOf({ count, width, one: (index) => bare.count({ ...asked(index), path: `/${name}` }) }))
    if (isStored) storingRates.push(await rateOf({ count, width, one: (index) => bare.count({ ...asked(index), path: `/${name}/store` }) }))
  }
  return { ours: medianRate(ourRates), bare: medianRate(bareRates), storing: isStored ? medianRate(storingRates) : undefined, rounds: ourRates.map(({ perSecond }) => perSecond) }
}

const medianRate = (rates: readonly Rate[]): Rate => ({ perSecond: median(rates.map(({ perSecond }) => perSecond)), p50Ms: median(rates.map(({ p50Ms }) => p50Ms)), p99Ms: median(rates.map(({ p99Ms }) => p99Ms)) })

const EVENTS = 300
const EVENTS_LIMIT_MS = 60_000

/** Events told to so many watches, each of which sees all. */
export async function measureEvents(watchers: number, { ours, bare }: { readonly ours: Client; readonly bare: Client }): Promise<Outcome> {
  const label = `w${watchers}`
  const create = (index: number): string => configMap(`${label}-${index}`, 'x', { w: label })
  const rate = await fanOut({ client: ours, watchers, path: `${BASE}/configmaps?watch=1&labelSelector=w%3D${label}`, tell: (index) => ours.count({ method: 'POST', path: `${BASE}/configmaps`, body: create(index) }) })
  const sample = (await ours.ask({ method: 'GET', path: `${BASE}/configmaps/${label}-0` })).bytes.toString('utf8').trim()
  const event = (index: number): string => `{"type":"ADDED","object":${sample.replace(`"${label}-0"`, `"${label}-${index}"`)}}\n`
  return { ours: rate, rounds: [rate.perSecond], bare: await fanOut({ client: bare, watchers, path: `/${label}/watch`, tell: (index) => bare.count({ method: 'POST', path: `/${label}/event`, body: event(index) }) }) }
}

interface FanOut {
  readonly client: Client
  readonly watchers: number
  readonly path: string
  tell(index: number): Promise<{ readonly status: number }>
}

async function fanOut({ client, watchers, path, tell }: FanOut): Promise<Rate> {
  const sentMs = new Map<string, number>()
  const lags: number[] = []
  const all = Promise.withResolvers<void>()
  const take = (line: string): void => {
    const index = /"name":"w\d+-(\d+)"/.exec(line)?.[1]
    if (index === undefined) return
    lags.push(performance.now() - (sentMs.get(index) ?? 0))
    if (lags.length === EVENTS * watchers) all.resolve()
  }
  const open = await Promise.all(Array.from({ length: watchers }, () => client.follow(path, linesInto(take))))
  const limit = setTimeout(() => all.reject(new Error(`${lags.length} of ${EVENTS * watchers} events came`)), EVENTS_LIMIT_MS)
  try {
    const startMs = performance.now()
    const one = (index: number): Promise<{ readonly status: number }> => {
      sentMs.set(String(index), performance.now())
      return tell(index)
    }
    await Promise.all([rateOf({ count: EVENTS, width: 8, one }), all.promise])
    return rated(lags, (performance.now() - startMs) / 1000)
  } finally {
    clearTimeout(limit)
    for (const watch of open) watch[Symbol.dispose]()
  }
}

function linesInto(take: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
}
