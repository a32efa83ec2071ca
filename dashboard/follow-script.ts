/** The part of the page's script that keeps a list as the cluster has it: list once, then watch from there, for as long as the page is looked at. */
export const FOLLOW_SCRIPT = String.raw`
'use strict'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 15000

class Refused extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

async function get(path, signal) {
  const answer = await fetch(path, { headers: { accept: 'application/json' }, cache: 'no-store', signal })
  if (answer.ok) return answer
  const text = await answer.text()
  let message = text
  try { message = JSON.parse(text).message || text } catch {}
  throw new Refused(answer.status, message || 'the cluster answered ' + answer.status)
}

/** Lines of JSON, however the answer is cut. */
async function* eventsOf(body) {
  const decoder = new TextDecoder()
  let held = ''
  for (const reader = body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (held + decoder.decode(value, { stream: true })).split('\n')
    held = lines.pop()
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
  }
}

const keyOf = (object) => (object.metadata.namespace || '') + '/' + object.metadata.name

/**
 * Follows a collection until the signal aborts. state.items and state.version outlive a call: a next one resumes where the last ended, and lists
 * anew only if the cluster has forgotten that version. onChange is told after every change, onState of 'live' or of what is wrong.
 */
async function follow({ path, state, signal, onChange, onState, pause }) {
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted) {
    try {
      if (state.version === undefined) {
        const list = await (await get(path, signal)).json()
        state.items = new Map(list.items.map((item) => [keyOf(item), item]))
        state.version = list.metadata.resourceVersion
        onChange()
      }
      const watch = await get(path + '?watch=1&allowWatchBookmarks=true&resourceVersion=' + encodeURIComponent(state.version), signal)
      onState('live')
      const begunMs = performance.now()
      for await (const event of eventsOf(watch.body)) {
        if (event.type === 'ERROR') throw new Refused(event.object.code, event.object.message)
        apply(state, event)
        if (event.type !== 'BOOKMARK') onChange()
        waitMs = FIRST_WAIT_MS
      }
      // A watch ends now and then, which is no trouble; one that ends at once would be asked for without end.
      if (performance.now() - begunMs > LONGEST_WAIT_MS) continue
    } catch (error) {
      if (signal.aborted) return
      if (error.status === 410) state.version = undefined
      onState(error.message)
    }
    await pause(waitMs, signal)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

function apply(state, { type, object }) {
  state.version = object.metadata.resourceVersion
  if (type === 'ADDED' || type === 'MODIFIED') state.items.set(keyOf(object), object)
  if (type === 'DELETED') state.items.delete(keyOf(object))
}

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
})
`
