/** `label` and `annotate`: members of one map of the metadata. */
import type { ApiObject } from '../cluster/cluster.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { eachTarget, fetchTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, OUTPUT, report, writeQuery } from '../write/writing.ts'

export interface Changes {
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

const isChange = (word: string): boolean => /^[^=]+=/.test(word) || (word.endsWith('-') && !word.includes('/-'))

/** The words that name objects, and those that change them: `KEY=VALUE` and `KEY-`. */
export function splitChanges(args: readonly string[], isOne: (word: string) => boolean = isChange): { readonly names: readonly string[]; readonly changes: readonly string[] } {
  const first = args.findIndex(isOne)
  return first < 0 ? { names: args, changes: [] } : { names: args.slice(0, first), changes: args.slice(first) }
}

export function changesOf(words: readonly string[], what: string): Changes {
  const set: Record<string, string> = {}
  const remove: string[] = []
  for (const word of words) {
    const at = word.indexOf('=')
    if (at > 0) set[word.slice(0, at)] = word.slice(at + 1)
    else if (word.endsWith('-')) remove.push(word.slice(0, -1))
    else throw new Problem(`unknown ${what} change "${word}": write KEY=VALUE to set it, KEY- to remove it`)
  }
  const both = remove.find((key) => set[key] !== undefined)
  if (both !== undefined) throw new Problem(`can not both modify and remove ${what === 'label' ? 'a label' : 'an annotation'} in the same command`)
  return { set, remove }
}

interface Kind {
  readonly name: 'label' | 'annotate'
  readonly what: 'label' | 'annotation'
  readonly field: 'labels' | 'annotations'
  readonly done: string
}

const changing = (kind: Kind): Command => ({
  name: kind.name,
  summary: `Set and remove ${kind.field}`,
  usage: '(-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N',
  examples: `# Set one\ngantry ${kind.name} pod web-0 tier=front\n\n# Change it\ngantry ${kind.name} --overwrite pod web-0 tier=back\n\n# Remove it\ngantry ${kind.name} pod web-0 tier-`,
  flags: [...TARGET_FLAGS, toggle('overwrite', 'Change what has another value already'), toggle('list', `List the ${kind.field}`), text('resource-version', 'Only if the object has this version'), OUTPUT, DRY_RUN, fieldManager(`kubectl-${kind.name}`), MANAGED_FIELDS],
  async run(call) {
    const { names, changes } = splitChanges(call.args)
    const wanted = changesOf(changes, kind.what)
    if (changes.length === 0 && !call.flags.is('list')) throw usageProblem(`at least one ${kind.what} update is required`, kind.name)
    return await eachTarget(call, await targetsOf(call, names), (target) => change(call, target, { kind, wanted }))
  },
})

async function change(call: Call, target: Target, { kind, wanted }: { readonly kind: Kind; readonly wanted: Changes }): Promise<void> {
  const { flags, terminal } = call
  const cluster = await call.cluster()
  const object = await fetchTarget(cluster, target)
  const before: Readonly<Record<string, string>> = object.metadata?.[kind.field] ?? {}
  if (flags.is('list')) return terminal.out(Object.entries(before).map(([key, value]) => `${key}=${value}\n`).join(''))
  const clash = Object.entries(wanted.set).find(([key, value]) => before[key] !== undefined && before[key] !== value)
  if (clash && !flags.is('overwrite')) throw new Problem(kind.name === 'label' ? `'${clash[0]}' already has a value (${before[clash[0]]}), and --overwrite is false` : `--overwrite is false but found the following declared annotation(s): '${clash[0]}' already has a value (${before[clash[0]]})`)
  for (const key of wanted.remove) if (before[key] === undefined) terminal.out(`${kind.what} "${key}" not found.\n`)
  const verb = verbOf(kind, before, wanted)
  const unchanged = verb.startsWith('not ')
  const body = { metadata: { [kind.field]: { ...wanted.set, ...Object.fromEntries(wanted.remove.map((key) => [key, null])) }, ...(flags.given('resource-version') ? { resourceVersion: flags.text('resource-version') } : {}) } }
  const changed: ApiObject = unchanged || dryRunOf(call) === 'client' ? object : await cluster.json({ method: 'PATCH', path: target.path, query: writeQuery(call), contentType: 'application/merge-patch+json', body })
  await report(call, changed, { name: target.shown, verb })
}

function verbOf({ name, done }: Kind, before: Readonly<Record<string, string>>, { set, remove }: Changes): string {
  if (name === 'annotate') return done
  const sets = Object.entries(set).some(([key, value]) => before[key] !== value)
  const removes = remove.some((key) => before[key] !== undefined)
  if (sets) return done
  return removes ? 'unlabeled' : 'not labeled'
}

export const label = changing({ name: 'label', what: 'label', field: 'labels', done: 'labeled' })
export const annotate = changing({ name: 'annotate', what: 'annotation', field: 'annotations', done: 'annotated' })
