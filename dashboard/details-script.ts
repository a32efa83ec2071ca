/** The part of the page's script that tells all about one pod, and the part that begins. */
export const DETAILS_SCRIPT = String.raw`
let shown
let asked

function showPod(pod) {
  shown = { key: keyOf(pod), version: pod.metadata.resourceVersion, from: 'pod ' + keyOf(pod) }
  at('details').hidden = false
  at('details-name').textContent = 'Pod ' + pod.metadata.name
  at('details-events').replaceChildren()
  at('details-why').textContent = 'asking …'
  drawStatus(pod)
  at('details-name').focus()
  void askAbout(pod)
}

function hideDetails() {
  const from = shown?.from
  shown = undefined
  asked?.abort()
  at('details').hidden = true
  ;[...document.querySelectorAll('button')].find((button) => from && button.dataset.key === from)?.focus()
}

/** The panel follows its pod. */
function refreshDetails() {
  if (!shown) return
  const pod = collections.pods.state.items.get(shown.key)
  if (!pod) { at('details-status').replaceChildren(make('p', { className: 'bad' }, 'This pod is gone.')); return }
  if (pod.metadata.resourceVersion === shown.version) return
  shown.version = pod.metadata.resourceVersion
  drawStatus(pod)
  void askAbout(pod)
}

function containerWords({ state = {}, ready, restartCount, image }) {
  const { waiting, running, terminated } = state
  const what = running ? 'running since ' + running.startedAt : terminated ? 'ended with ' + terminated.exitCode + ' (' + terminated.reason + ')' : 'waiting: ' + [waiting?.reason, waiting?.message].filter(Boolean).join(': ')
  return what + '; ' + (ready ? 'ready' : 'not ready') + '; restarts: ' + (restartCount || 0) + '; image ' + image
}

function drawStatus(pod) {
  const { status = {}, spec, metadata } = pod
  const facts = [['State', podState(pod).words], ['Namespace', metadata.namespace], ['Node', spec.nodeName || 'none'], ['Address', status.podIP || 'none'], ['Created', metadata.creationTimestamp], ...(status.message ? [['Message', status.message]] : []),
    ...statusesOf(pod).map((one) => ['Container ' + one.name, containerWords(one)]),
    ...(status.conditions || []).map((one) => ['Condition ' + one.type, [one.status, one.reason, one.message].filter(Boolean).join(': ')])]
  at('details-status').replaceChildren(make('dl', {}, ...facts.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)])))
}

async function askAbout(pod) {
  asked?.abort()
  const { signal } = (asked = new AbortController())
  const { namespace, name, uid } = pod.metadata
  const part = encodeURIComponent
  await Promise.all([
    get('/api/v1/namespaces/' + part(namespace) + '/events?fieldSelector=' + part('involvedObject.uid=' + uid), signal).then((answer) => answer.json()).then(({ items }) => drawEvents(items)).catch((error) => signal.aborted || at('details-events').replaceChildren(make('p', { className: 'bad' }, error.message))),
    get('/gantry/v1/why/pods/' + part(namespace) + '/' + part(name), signal).then((answer) => answer.json()).then((why) => { at('details-why').textContent = whyLines(why).join('\n') }).catch((error) => { if (!signal.aborted) at('details-why').textContent = error.status === 404 || error.status === 403 ? 'Not told: ' + error.message : error.message }),
  ])
}

const timeOf = (event) => event.series?.lastObservedTime || event.lastTimestamp || event.eventTime || event.metadata.creationTimestamp || ''

function drawEvents(items) {
  const rows = items.sort((one, other) => (timeOf(one) < timeOf(other) ? 1 : -1)).map((event) => [timeOf(event), event.type === 'Normal' ? { words: 'Normal', mood: 'good' } : { words: event.type, mood: 'bad' }, event.reason, event.message, event.series?.count || event.count || 1])
  at('details-events').replaceChildren(rows.length === 0 ? make('p', { className: 'quiet' }, 'None that are remembered.') : tableOf('Newest first', ['When', 'Type', 'Reason', 'What', 'Times'], rows))
}

const collections = { nodes: { path: '/api/v1/nodes' }, pods: { path: '/api/v1/pods' }, deployments: { path: '/apis/apps/v1/deployments' } }
for (const one of Object.values(collections)) Object.assign(one, { state: { items: new Map(), version: undefined }, words: 'connecting' })

function tellConnection() {
  const wrong = Object.entries(collections).filter(([, { words }]) => words !== 'live')
  const words = wrong.length === 0 ? 'Live: changes appear as they happen' : wrong.map(([name, one]) => name + ': ' + one.words).join('; ')
  if (at('connection').textContent !== words) at('connection').textContent = words
}

/** A browser opens few connections to one place: a page that nobody looks at lets its own go, and resumes where it was. */
let looking
function look() {
  looking?.abort()
  if (document.hidden) return
  looking = new AbortController()
  for (const one of Object.values(collections)) void follow({ ...one, signal: looking.signal, pause, onChange: drawSoon, onState: (words) => { one.words = words; tellConnection() } })
}

at('details-close').addEventListener('click', hideDetails)
document.addEventListener('keydown', ({ key }) => { if (key === 'Escape' && shown) hideDetails() })
document.addEventListener('visibilitychange', look)
get('/version').then((answer) => answer.json()).then(({ gitVersion }) => { at('version').textContent = 'Kubernetes API ' + gitVersion }).catch(() => {})
look()
`
