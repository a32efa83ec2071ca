import { runInNewContext, Script } from 'node:vm'
import { expect, test, vi } from 'vitest'
import { FACTS_SCRIPT } from './facts-script.ts'
import { FOLLOW_SCRIPT } from './follow-script.ts'
import { page, pagePolicy } from './page.ts'

const html = page({ nonce: 'abc' })

/** One of the script's functions, in a world with such things in it. */
const fromScript = (script: string, name: string, world: object = {}): ((...args: readonly unknown[]) => unknown) => runInNewContext(`${script}\n;${name}`, { TextDecoder, performance, encodeURIComponent, ...world }) as (...args: readonly unknown[]) => unknown

test('the page needs nothing from elsewhere, and its policy allows nothing else', () => {
  expect(html).not.toMatch(/https?:|\bsrc=|<link(?! rel="icon" href="data:,")|@import|url\(/)
  expect(html.match(/nonce="abc"/g)).toHaveLength(2)
  expect(pagePolicy({ nonce: 'abc' })).toContain("default-src 'none'; script-src 'nonce-abc'")
})

test('the script can be read, and makes no markup of what the cluster says', () => {
  const script = /<script nonce="abc">([\s\S]*)<\/script>/.exec(html)?.[1] ?? ''
  expect(() => new Script(script)).not.toThrow()
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|<\/script/)
  // Every element that the script looks for is there.
  for (const [, id] of script.matchAll(/\b(?:at|draw)\('([\w-]+)'/g)) expect(html).toContain(`id="${id}"`)
})

test('amounts are read as Kubernetes writes them', () => {
  const amount = fromScript(FACTS_SCRIPT, 'amount')
  expect(['250m', '2', '1Gi', '1e3', '128974848', '1.5k', 'x', undefined].map((text) => amount(text))).toEqual([0.25, 2, 2 ** 30, 1000, 128974848, 1500, 0, 0])
})

test('a pod asks for its containers and sidecars together, or for its largest init container', () => {
  const requested = fromScript(FACTS_SCRIPT, 'requested')
  const asking = (cpu: string, more: object = {}) => ({ resources: { requests: { cpu } }, ...more })
  expect(requested({ spec: { containers: [asking('100m'), asking('200m'), {}], initContainers: [asking('50m', { restartPolicy: 'Always' })], overhead: { cpu: '150m' } } }, 'cpu')).toBeCloseTo(0.5)
  expect(requested({ spec: { containers: [asking('100m')], initContainers: [asking('50m', { restartPolicy: 'Always' }), asking('2')] } }, 'cpu')).toBeCloseTo(2.05)
})

test('states are told in words', () => {
  const podState = fromScript(FACTS_SCRIPT, 'podState')
  const pod = (status: object, spec: object = { nodeName: 'a' }) => ({ metadata: {}, spec, status })
  expect(podState(pod({ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }))).toEqual({ words: 'Running', mood: 'good' })
  expect(podState(pod({ phase: 'Running', containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }))).toEqual({ words: 'Running: CrashLoopBackOff', mood: 'bad' })
  expect(podState(pod({ phase: 'Pending' }, {}))).toEqual({ words: 'Pending: not placed', mood: 'wait' })
})

test('a node that is given up says why', () => {
  const nodeState = fromScript(FACTS_SCRIPT, 'nodeState')
  const node = (status: string, message: string, more: object = {}) => ({ spec: more, status: { conditions: [{ type: 'Ready', status, message }] } })
  const givenUp = { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }
  expect(nodeState(node('True', 'fine'))).toEqual({ words: 'Ready', mood: 'good' })
  expect(nodeState(node('True', 'fine', { unschedulable: true }))).toEqual({ words: 'Ready (cordoned)', mood: 'wait' })
  expect(nodeState(node('False', 'no network'))).toEqual({ words: 'Not ready. no network', mood: 'bad' })
  expect(nodeState(node('Unknown', 'b: no heartbeat for 1.2 s', givenUp))).toEqual({ words: 'Given up: its pods run elsewhere. b: no heartbeat for 1.2 s', mood: 'bad' })
  expect(nodeState(node('True', 'fine', givenUp))).toEqual({ words: 'Given up, coming back', mood: 'wait' })
})

test('a watch resumes from the last version, and lists anew only when that is forgotten', async () => {
  const object = (name: string, resourceVersion: string) => ({ metadata: { name, namespace: 'n', resourceVersion } })
  const lines = (...events: readonly object[]): Response => new Response(events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  const leaving = new AbortController()
  const answers: ReadonlyArray<() => Response> = [
    () => Response.json({ metadata: { resourceVersion: '5' }, items: [object('a', '3')] }),
    () => lines({ type: 'ADDED', object: object('b', '6') }, { type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } }),
    () => lines({ type: 'ERROR', object: { code: 410, message: 'too old' } }),
    () => Response.json({ metadata: { resourceVersion: '20' }, items: [object('c', '20')] }),
    () => (leaving.abort(), lines({ type: 'DELETED', object: object('c', '21') })),
  ]
  const asked: string[] = []
  const fetch = vi.fn((path: string) => Promise.resolve((asked.push(path), answers[asked.length - 1]?.() ?? Response.error())))
  const state = { items: new Map<string, unknown>(), version: undefined as string | undefined }
  const told: string[] = []
  await fromScript(FOLLOW_SCRIPT, 'follow', { fetch })({ path: '/p', state, signal: leaving.signal, onChange: () => {}, onState: (words: string) => told.push(words), pause: () => Promise.resolve() })
  const watch = (version: string): string => `/p?watch=1&allowWatchBookmarks=true&resourceVersion=${version}`
  expect(asked).toEqual(['/p', watch('5'), watch('9'), '/p', watch('20')])
  expect(told).toEqual(['live', 'live', 'too old', 'live'])
  expect([state.version, [...state.items.keys()]]).toEqual(['21', []])
})
