/**
 * A cluster's entry in a kubeconfig file: cluster, user and context, all three under the name `gantry-<name>`. Works on the file's
 * text and touches nothing that is not its own: comments, order and the entries of others stay as they are.
 */
import { Document, YAMLSeq, type YAMLMap, isMap, isSeq, parseDocument } from 'yaml'
import { Fault } from './faults.ts'

export interface KubeconfigEntry {
  /** The cluster's name, without `gantry-`. */
  readonly name: string
  /** `https://127.0.0.1:6443` */
  readonly server: string
  readonly authorityPem: string
  readonly clientCertificatePem: string
  readonly clientKeyPem: string
}

/** The name under which a cluster stands in a kubeconfig. */
export const contextName = (clusterName: string): string => `gantry-${clusterName}`

/** Where the context that was current before is remembered, inside our own context entry. */
const PREVIOUS_CONTEXT = 'gantry.dev/previous-context'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A whole kubeconfig that holds this entry alone. */
export const renderKubeconfig = (entry: KubeconfigEntry): string => mergeKubeconfig('', entry)

/**
 * The file's text with this entry added or brought up to date and made the current context.
 * @param text what the file holds; empty for a file that does not exist yet. Throws `Fault('invalid')` if it is no kubeconfig.
 */
export function mergeKubeconfig(text: string, entry: KubeconfigEntry): string {
  const document = open(text)
  const name = contextName(entry.name)
  const current = document.get('current-context')
  const remembered = current === name ? previousContext(document, name) : typeof current === 'string' ? current : ''
  put(document, 'clusters', { name, cluster: { server: entry.server, 'certificate-authority-data': base64(entry.authorityPem) } })
  put(document, 'users', { name, user: { 'client-certificate-data': base64(entry.clientCertificatePem), 'client-key-data': base64(entry.clientKeyPem) } })
  const extensions = remembered ? { extensions: [{ name: PREVIOUS_CONTEXT, extension: { context: remembered } }] } : {}
  put(document, 'contexts', { name, context: { cluster: name, user: name, ...extensions } })
  document.set('current-context', name)
  return render(document)
}

/** The file's text without this cluster's entry; the context that was current before it is current again if it still exists. */
export function removeFromKubeconfig(text: string, clusterName: string): string {
  const document = open(text)
  const name = contextName(clusterName)
  const previous = previousContext(document, name)
  const had = ['clusters', 'users', 'contexts'].map((list) => drop(document, list, name)).includes(true)
  const wasCurrent = document.get('current-context') === name
  if (!had && !wasCurrent) return text
  if (wasCurrent) document.set('current-context', previous !== '' && findEntry(document, 'contexts', previous) ? previous : '')
  return render(document)
}

/** Whether nothing but the frame of a kubeconfig is left: a file that we made may be removed then. */
export function isEmptyKubeconfig(text: string): boolean {
  const document = open(text)
  return ['clusters', 'users', 'contexts'].every((list) => {
    const entries = document.get(list)
    return !isSeq(entries) || entries.items.length === 0
  })
}

const FRAME = { apiVersion: 'v1', kind: 'Config', clusters: [], contexts: [], users: [], 'current-context': '', preferences: {} }

function open(text: string): Document {
  if (text.trim() === '') return new Document(FRAME)
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem) throw new Fault('invalid', `the kubeconfig is not valid YAML: ${problem.message}`, { cause: problem })
  if (document.contents === null) return new Document(FRAME)
  if (!isMap(document.contents)) throw new Fault('invalid', 'the kubeconfig does not hold a mapping')
  return document as unknown as Document
}

const render = (document: Document): string => document.toString({ lineWidth: 0 })

function listAt(document: Document, key: string): YAMLSeq {
  const found = document.get(key)
  if (isSeq(found)) return found
  if (found !== undefined && found !== null) throw new Fault('invalid', `the kubeconfig's ${key} is not a list`)
  const made = new YAMLSeq()
  document.set(key, made)
  return made
}

function findEntry(document: Document, key: string, name: string): YAMLMap | undefined {
  const list = document.get(key)
  if (!isSeq(list)) return undefined
  return list.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === name)
}

function put(document: Document, key: string, entry: { readonly name: string } & Readonly<Record<string, unknown>>): void {
  const list = listAt(document, key)
  list.flow = false
  const node = document.createNode(entry)
  const at = list.items.findIndex((item) => isMap(item) && item.get('name') === entry.name)
  if (at < 0) list.items.push(node)
  else list.items[at] = node
}

function drop(document: Document, key: string, name: string): boolean {
  const list = document.get(key)
  if (!isSeq(list)) return false
  const at = list.items.findIndex((item) => isMap(item) && item.get('name') === name)
  if (at < 0) return false
  list.items.splice(at, 1)
  if (list.items.length === 0) list.flow = true
  return true
}

function previousContext(document: Document, name: string): string {
  const extensions = findEntry(document, 'contexts', name)?.getIn(['context', 'extensions'])
  if (!isSeq(extensions)) return ''
  const ours = extensions.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === PREVIOUS_CONTEXT)
  const value = ours?.getIn(['extension', 'context'])
  return typeof value === 'string' ? value : ''
}
