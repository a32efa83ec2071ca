import type { ApiCall, ApiMetadata, ApiObject, Cluster } from '../cluster/cluster.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import { followObjects, listed } from '../cluster/watch.ts'
import { waitUntilGone } from '../delete/gone.ts'
import { barePath, jsonPathValues, valueText } from '../print/jsonpath/evaluate.ts'
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { optional, text } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { MANAGED_FIELDS, OUTPUT, report } from '../write/writing.ts'

type Until = { readonly kind: 'delete' } | { readonly kind: 'create' } | { readonly kind: 'condition'; readonly type: string; readonly status: string } | { readonly kind: 'jsonpath'; readonly path: string; readonly value: string | undefined }

/** `delete`, `create`, `condition=NAME[=VALUE]`, `jsonpath={PATH}[=VALUE]` @throws Problem */
export function parseFor(words: string): Until {
  if (words.toLowerCase() === 'delete') return { kind: 'delete' }
  if (words.toLowerCase() === 'create') return { kind: 'create' }
  const [, type, status = 'True'] = /^condition=([^=]+)(?:=(.*))?$/i.exec(words) ?? []
  if (type !== undefined) return { kind: 'condition', type, status }
  const [, path, value] = /^jsonpath=('?\{[^}]*(?:\}[^=}]*)*?\}'?|[^={]+)(?:=(.*))?$/s.exec(words) ?? []
  if (path !== undefined) return { kind: 'jsonpath', path: barePath(path.replace(/^'|'$/g, '')), value }
  throw new Problem(`unrecognized condition: ${JSON.stringify(words)}: wait for condition=Ready, delete, create or jsonpath='{.status.phase}'=Running`)
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number
}

export function isReached(until: Until, object: ApiObject): boolean {
  switch (until.kind) {
    case 'delete':
      return false
    case 'create':
      return true
    case 'condition': {
      const { conditions = [], observedGeneration } = (object['status'] ?? {}) as { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number }
      const found = conditions.find(({ type }) => type.toLowerCase() === until.type.toLowerCase())
      const seen = found?.observedGeneration ?? observedGeneration
      if (seen !== undefined && seen < (object.metadata?.generation ?? 0)) return false
      return (found?.status ?? '').toLowerCase() === until.status.toLowerCase() && found !== undefined
    }
    case 'jsonpath': {
      const values = jsonPathValues(until.path, object)
      return until.value === undefined ? values.length > 0 : values.some((value) => valueText(value) === until.value)
    }
  }
}

export const wait: Command = {
  name: 'wait',
  summary: 'Wait until objects are as asked',
  usage: '([-f FILENAME] | TYPE/NAME | TYPE [(-l label | --all)]) --for=create|delete|condition=NAME|jsonpath=...',
  examples: "# Until a pod is ready\ngantry wait --for=condition=Ready pod/web-0\n\n# Until it is gone\ngantry wait --for=delete pod/web-0 --timeout=60s",
  flags: [...TARGET_FLAGS, text('for', 'What to wait for'), text('timeout', 'How long; 0 to look once, negative for a week', { default: '30s' }), text('field-selector', 'Field query to filter on'), optional('local', 'Accepted as kubectl has it'), OUTPUT, MANAGED_FIELDS],
  async run(call) {
    const wanted = call.flags.text('for')
    if (wanted === undefined) throw usageProblem('must specify --for', 'wait')
    const until = parseFor(wanted)
    const given = parseDurationMs(call.flags.text('timeout') ?? '30s')
    const timeoutMs = given < 0 ? 7 * 86_400_000 : Math.max(given, 1)
    const targets = await targetsOf(call, call.args)
    if (targets.length === 0 && until.kind !== 'delete') throw new Problem('no matching resources found')
    const results = await Promise.allSettled(targets.map((target) => waitFor(call, target, { until, timeoutMs })))
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    for (const failure of failures.slice(0, -1)) call.terminal.err(`error: ${failure instanceof Error ? failure.message : String(failure)}\n`)
    if (failures.length > 0) throw failures.at(-1)
  },
}

interface Waited {
  readonly until: Until
  readonly timeoutMs: number
}

async function waitFor(call: Call, target: Target, { until, timeoutMs }: Waited): Promise<void> {
  const cluster = await call.cluster()
  if (until.kind === 'delete') {
    const found = await cluster.json({ path: target.path }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    if (found) await waitUntilGone(cluster, [{ path: target.path, name: `${target.resource.plural}/${target.name}`, uid: found.metadata?.uid }], { timeoutMs, signal: call.signal })
    if (found) await report(call, found, { name: target.shown, verb: 'condition met' })
    return
  }
  const reached = await watchUntil(cluster, target, { until, signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]) })
  if (!reached) throw new Problem(call.signal.aborted ? '' : `timed out waiting for the condition on ${target.resource.plural}/${target.name}`)
  await report(call, reached, { name: target.shown, verb: 'condition met' })
}

async function watchUntil(cluster: Cluster, { path, name }: Target, { until, signal }: { readonly until: Until; readonly signal: AbortSignal }): Promise<ApiObject | undefined> {
  const call: ApiCall = { path: path.slice(0, path.lastIndexOf('/')), query: { fieldSelector: `metadata.name=${name}` }, signal }
  const known = await listed<Waiting>(cluster, { ...call, signal: undefined })
  const [found] = known.items
  if (!found && until.kind !== 'create') await cluster.json({ path })
  if (found && isReached(until, found)) return found
  for await (const { type, object } of followObjects<Waiting>(cluster, call, known)) if (type !== 'DELETED' && isReached(until, object)) return object
  return undefined
}

type Waiting = ApiObject & { readonly metadata: ApiMetadata }
