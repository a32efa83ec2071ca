/** `config`: looking at kubeconfigs, and choosing the context. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { suggest } from '../../shared/model/suggest.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { kubeconfigFiles, loadKubeconfig, readConfig } from './load.ts'
import type { Kubeconfig } from './kubeconfig.ts'

const load = ({ flags, env }: Call): Promise<Kubeconfig> => loadKubeconfig(flags.text('kubeconfig'), env)

const SECRETS = new Set(['certificate-authority-data', 'client-certificate-data', 'client-key-data'])

/** Keys and tokens are not for looking at. */
function hidden(entry: object): object {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, SECRETS.has(key) ? 'DATA+OMITTED' : key === 'token' || key === 'password' ? 'REDACTED' : (value as unknown)]))
}

const listed = (entries: ReadonlyMap<string, object>, key: string, show: (entry: object) => object): readonly object[] => [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, entry]) => ({ name, [key]: show(entry) }))

const view: Command = {
  name: 'view',
  summary: 'Show the merged kubeconfig',
  flags: [text('output', 'yaml or json', { short: 'o', default: 'yaml' }), toggle('raw', 'With keys and tokens'), toggle('minify', 'Only what the current context uses'), toggle('flatten', 'Accepted as kubectl has it')],
  async run(call) {
    const config = minified(await load(call), call)
    const show = call.flags.is('raw') ? (entry: object): object => entry : hidden
    const shown = { apiVersion: 'v1', kind: 'Config', preferences: {}, clusters: listed(config.clusters, 'cluster', show), contexts: listed(config.contexts, 'context', (entry) => entry), 'current-context': config.currentContext, users: listed(config.users, 'user', show) }
    const { printerFor } = await import('../print/objects.ts')
    const print = await printerFor(call.flags.text('output') ?? 'yaml', { showManagedFields: true })
    if (print) call.terminal.out(await print(shown))
  },
}

function minified(config: Kubeconfig, { flags }: Call): Kubeconfig {
  if (!flags.is('minify')) return config
  const name = flags.text('context') ?? config.currentContext
  const context = config.contexts.get(name)
  if (!context) throw new Problem(`cannot locate context ${name}`)
  const only = <T>(entries: ReadonlyMap<string, T>, key: string | undefined): ReadonlyMap<string, T> => new Map([...entries].filter(([entry]) => entry === key))
  return { clusters: only(config.clusters, context.cluster), users: only(config.users, context.user), contexts: only(config.contexts, name), currentContext: name }
}

const currentContext: Command = {
  name: 'current-context',
  summary: 'Print the current context',
  async run(call) {
    const { currentContext: name } = await load(call)
    if (name === '') throw new Problem('current-context is not set')
    call.terminal.out(`${name}\n`)
  },
}

const getContexts: Command = {
  name: 'get-contexts',
  summary: 'List the contexts',
  usage: '[NAME...]',
  flags: [text('output', 'name', { short: 'o' }), toggle('no-headers', 'Do not print headers')],
  async run(call) {
    const { contexts, currentContext: current } = await load(call)
    const missing = call.args.find((name) => !contexts.has(name))
    if (missing !== undefined) throw new Problem(`context ${missing} not found`)
    const found = [...contexts].filter(([name]) => call.args.length === 0 || call.args.includes(name)).toSorted(([a], [b]) => (a < b ? -1 : 1))
    if (call.flags.text('output') === 'name') return call.terminal.out(found.map(([name]) => `${name}\n`).join(''))
    call.terminal.out(columnsOf(call.flags.is('no-headers') ? [] : ['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE'], found.map(([name, { cluster = '', user = '', namespace = '' }]) => [name === current ? '*' : '', name, cluster, user, namespace])))
  },
}

const useContext: Command = {
  name: 'use-context',
  aliases: ['use'],
  summary: 'Choose the current context',
  usage: 'CONTEXT_NAME',
  async run(call) {
    const [name, ...more] = call.args
    if (name === undefined || more.length > 0) throw usageProblem('exactly one context name is required', 'config use-context')
    const { contexts } = await load(call)
    if (!contexts.has(name)) {
      const near = suggest(name, contexts.keys())
      throw new Problem(`no context exists with the name: "${name}"${near === undefined ? '' : `: did you mean "${near}"?`}`)
    }
    await change(call, (document) => document.set('current-context', name))
    call.terminal.out(`Switched to context "${name}".\n`)
  },
}

const setContext: Command = {
  name: 'set-context',
  summary: 'Change a context: its namespace, cluster or user',
  usage: '[NAME | --current] [--namespace=NAMESPACE]',
  flags: [toggle('current', 'The current one')],
  async run(call) {
    const { contexts, currentContext: current } = await load(call)
    const name = call.flags.is('current') ? current : call.args[0]
    if (name === undefined || name === '') throw usageProblem('you must specify a context name or --current', 'config set-context')
    const known = [...contexts.keys()].includes(name)
    await change(call, (document) => {
      const at = contextIndex(document.toJS() as ContextList, name)
      for (const field of ['namespace', 'cluster', 'user']) {
        const value = call.flags.text(field)
        if (value !== undefined) document.setIn(['contexts', at, 'context', field], value)
      }
      if (!known) document.setIn(['contexts', at, 'name'], name)
    })
    call.terminal.out(`Context "${name}" ${known ? 'modified' : 'created'}.\n`)
  },
}

interface ContextList {
  readonly contexts?: ReadonlyArray<{ readonly name?: string }>
}

function contextIndex({ contexts = [] }: ContextList, name: string): number {
  const at = contexts.findIndex((one) => one.name === name)
  return at < 0 ? contexts.length : at
}

/** Changes the file that says what the current context is, or the first; comments and order stay. */
async function change(call: Call, edit: (document: ReturnType<typeof parseDocument>) => void): Promise<void> {
  const files = kubeconfigFiles(call.flags.text('kubeconfig'), call.env)
  const contents = await Promise.all(files.map(readConfig))
  const at = Math.max(0, contents.findIndex((content) => content?.['current-context']))
  const file = files[at] ?? ''
  const document = parseDocument(readFileSync(file, 'utf8'))
  edit(document)
  writeFileSync(`${file}.gantry`, document.toString({ lineWidth: 0 }), { mode: 0o600 })
  renameSync(`${file}.gantry`, file)
}

const names = (name: string, summary: string, list: 'clusters' | 'users'): Command => ({
  name,
  summary,
  async run(call) {
    const config = await load(call)
    call.terminal.out(`NAME\n${[...config[list].keys()].toSorted().map((one) => `${one}\n`).join('')}`)
  },
})

export const config: Command = {
  name: 'config',
  summary: 'Look at kubeconfig files, and choose the context',
  subcommands: [view, currentContext, getContexts, useContext, setContext, names('get-clusters', 'List the clusters', 'clusters'), names('get-users', 'List the users', 'users')],
}
