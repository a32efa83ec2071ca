import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { findResource } from '../cluster/resources.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'

export const canI: Command = {
  name: 'can-i',
  summary: 'Tell whether you may do something: exit code 1 if not',
  usage: 'VERB (TYPE | TYPE/NAME | URL)',
  examples: '# May I create pods here?\ngantry auth can-i create pods\n\n# Everything that I may do here\ngantry auth can-i --list\n\n# May somebody else?\ngantry auth can-i get secrets --as jane',
  flags: [
    text('subresource', 'A subresource, such as log or exec'),
    toggle('all-namespaces', 'In all namespaces', { short: 'A' }),
    toggle('quiet', 'Answer by the exit code alone', { short: 'q' }),
    toggle('list', 'Print all that you may do in the namespace'),
    toggle('no-headers', 'With --list: without the head of the table'),
  ],
  async run(call) {
    const cluster = await call.cluster()
    if (call.flags.is('list')) return await printRules(call, cluster)
    const [verb, what, ...names] = call.args
    if (verb === undefined || what === undefined || names.length > 1) throw usageProblem('you must specify two or three arguments: verb, resource, and optional resourceName', 'auth can-i')
    return await answer(call, cluster, { verb, what, name: names[0] })
  },
}

interface Question {
  readonly verb: string
  readonly what: string
  readonly name: string | undefined
}

interface Review extends ApiObject {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string; readonly evaluationError?: string }
}

async function answer(call: Call, cluster: Cluster, question: Question): Promise<number> {
  const spec = question.what.startsWith('/') ? { nonResourceAttributes: { verb: question.verb, path: question.what } } : { resourceAttributes: await attributesOf(call, cluster, question) }
  const { status = {} } = await cluster.json<Review>({ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }, repeatable: true })
  const { allowed = false, reason = '', evaluationError = '' } = status
  if (!call.flags.is('quiet')) call.terminal.out(`${allowed ? 'yes' : 'no'}${reason === '' || allowed ? '' : ` - ${reason}`}${evaluationError === '' ? '' : ` - ${evaluationError}`}\n`)
  return allowed ? 0 : 1
}

async function attributesOf(call: Call, cluster: Cluster, { verb, what, name }: Question): Promise<Readonly<Record<string, string>>> {
  const [type = '', inType, ...more] = what.split('/')
  if (more.length > 0 || (inType !== undefined && name !== undefined)) throw new Problem(`"${what}" names more than one object: give TYPE/NAME, or TYPE NAME`)
  const { resources } = await cluster.discovery.all()
  const found = type === '*' ? undefined : findResource(resources, type)
  if (!found && type !== '*') call.terminal.err(`Warning: the server doesn't have a resource type '${type}'\n\n`)
  const [plain = '', ...group] = type.split('.')
  const namespaced = found?.namespaced ?? true
  if (found && !namespaced) call.terminal.err(`Warning: resource '${found.plural}' is not namespace scoped${found.group === '' ? '' : ` in group '${found.group}'`}\n\n`)
  return {
    verb,
    group: found?.group ?? group.join('.'),
    resource: found?.plural ?? plain,
    ...(call.flags.given('subresource') && { subresource: call.flags.text('subresource') ?? '' }),
    ...((inType ?? name) !== undefined && { name: inType ?? name ?? '' }),
    ...(namespaced && !call.flags.is('all-namespaces') && { namespace: cluster.namespace }),
  }
}

interface Rules extends ApiObject {
  readonly status?: {
    readonly incomplete?: boolean
    readonly evaluationError?: string
    readonly resourceRules?: ReadonlyArray<{ readonly verbs?: readonly string[]; readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }>
    readonly nonResourceRules?: ReadonlyArray<{ readonly verbs?: readonly string[]; readonly nonResourceURLs?: readonly string[] }>
  }
}

const shown = (words: readonly string[] = []): string => `[${words.join(' ')}]`

async function printRules(call: Call, cluster: Cluster): Promise<number> {
  const { status = {} } = await cluster.json<Rules>({ method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace: cluster.namespace } }, repeatable: true })
  if (status.incomplete === true) call.terminal.err(`warning: the list may be incomplete: ${status.evaluationError ?? ''}\n`)
  const resources = (status.resourceRules ?? []).flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    resources.flatMap((resource) => apiGroups.map((group) => [group === '' ? resource : `${resource}.${group}`, '[]', shown(resourceNames), shown(verbs)])),
  )
  const urls = (status.nonResourceRules ?? []).map(({ nonResourceURLs, verbs }) => ['', shown(nonResourceURLs), '[]', shown(verbs)])
  const rows = [...resources.toSorted(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0)), ...urls]
  call.terminal.out(columnsOf(call.flags.is('no-headers') ? [] : ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'], rows))
  return 0
}
