import { openServers, type Servers } from '../api/servers.ts'
import { measureEvents, measureRequests, prepare, REQUEST_LOADS, type Outcome, type RequestLoad } from '../api/loads.ts'
import { short, spread, type Row } from '../row.ts'

/** What Kubernetes 1.36.2 (API server and etcd 3.5, two cores) does under the same loads, and by how much Gantry aims to be ahead. */
const KUBERNETES: Readonly<Record<RequestLoad | 'events-100' | 'events-500', readonly [perSecond: number, aim: number]>> = {
  'create-configmap': [1441, 2],
  'create-pod': [930, 2],
  'create-alone': [551, 2],
  get: [2741, 2],
  patch: [783, 2],
  'list-500': [86, 5],
  'list-5000-cached': [10, 5],
  'list-5000': [10, 5],
  'table-500': [156, 3],
  'events-100': [75_000, 1.5],
  'events-500': [109_000, 1.5],
}

const TITLES: Readonly<Record<keyof typeof KUBERNETES, string>> = {
  'create-configmap': 'create ConfigMaps, 64 in flight',
  'create-pod': 'create Pods, 64 in flight',
  'create-alone': 'create ConfigMaps, one after the other',
  get: 'get Pods, 64 in flight',
  patch: 'merge-patch Pods, 64 in flight',
  'list-500': 'list 500 Pods, 8 in flight',
  'list-5000-cached': 'list 5,000 Pods at resourceVersion 0, 4 in flight',
  'list-5000': 'list 5,000 Pods, 4 in flight',
  'table-500': '500 Pods as a Table, 8 in flight',
  'events-100': 'events to 100 watches',
  'events-500': 'events to 500 watches',
}

/** What takes the time of each, by profiles of both sides under these loads (processor time per request). */
const BOUNDS: Readonly<Record<keyof typeof KUBERNETES, string>> = {
  'create-configmap': 'our main thread: a third from decoding to storing, the rest HTTP, TLS, the caches and garbage; the first thousand cost twice as much, until they are compiled',
  'create-pod': 'our main thread: a third from decoding to storing, an eighth garbage, the rest HTTP, TLS and the caches; threads beside it collect and compile for a quarter as long again',
  'create-alone': "one after the other: etcd's put, half of it, the client, a fifth, and ours (flat, no tenth in one place)",
  get: 'both sides alike: HTTP and TLS',
  patch: 'our main thread, which takes four times as long as the client',
  'list-500': 'the client, which takes half as long again as we do',
  'list-5000-cached': 'the client, which takes twice as long as we do',
  'list-5000': 'the client, which takes twice as long as we do',
  'table-500': 'both sides alike',
  'events-100': 'the creates, more than half of our time, 8 in flight; the rest is a write of TLS for each watch and round',
  'events-500': 'telling and reading, both sides alike: a write of TLS for each watch and round',
}

const MOST_MEGABYTES = 250
/** What a load had in use goes back to the machine within this time. */
const SETTLED_MS = 3_000

/** `api`: all of it in one sitting, each load on our server and then on a bare one that sends the same bytes. Later rows need what earlier ones wrote. */
export function apiRows(): { readonly rows: readonly Row[]; close(): Promise<void> } {
  let opened: Promise<Servers> | undefined
  const servers = (): Promise<Servers> =>
    (opened ??= (async () => {
      const both = await openServers()
      await prepare(both)
      return both
    })())
  const row = (name: keyof typeof KUBERNETES, measure: (both: Servers) => Promise<Outcome>): Row => {
    const [perSecond, aim] = KUBERNETES[name]
    return {
      name: `api-${name}`,
      title: TITLES[name],
      unit: '/s',
      judged: 'figure',
      better: 'more',
      must: perSecond,
      aim: perSecond * aim,
      async measure() {
        const { ours, bare, storing, rounds } = await measure(await servers())
        const floor = storing ? `; a bare server that puts as much into the same etcd ${short(storing.perSecond)}/s, p50 ${short(storing.p50Ms)} ms` : ''
        const several = rounds.length > 1 ? `; ${spread(rounds)}, the first ${short(rounds[0] ?? Number.NaN)}` : ''
        return { value: ours.perSecond, beside: { name: '/s bare', value: bare.perSecond }, note: `${(ours.perSecond / perSecond).toFixed(1)}× Kubernetes; p50 ${short(ours.p50Ms)} ms, p99 ${short(ours.p99Ms)} ms${several}${floor}; bound by ${BOUNDS[name]}` }
      },
    }
  }
  const memory: Row = {
    name: 'api-memory',
    title: 'resident memory of the control plane after the loads',
    unit: 'MB',
    judged: 'figure',
    better: 'less',
    must: MOST_MEGABYTES,
    aim: MOST_MEGABYTES,
    async measure() {
      const { residentMegabytes } = await servers()
      const atOnce = await residentMegabytes()
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
      return { value: await residentMegabytes(), note: `${SETTLED_MS / 1000} s after the last load; ${atOnce.toFixed(0)} MB at once after it` }
    },
  }
  return {
    rows: [...REQUEST_LOADS.map((name) => row(name, (both) => measureRequests(name, both))), row('events-100', (both) => measureEvents(100, both)), row('events-500', (both) => measureEvents(500, both)), memory],
    async close() {
      await (await opened?.catch(() => undefined))?.[Symbol.asyncDispose]()
    },
  }
}
