import type { PodTemplateSpec } from '../../shared/model/gen/api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import type { Call, Command } from '../program/command.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { eachTarget, fetchTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, OUTPUT, report, writeQuery } from '../write/writing.ts'
import { suggest } from '../../shared/model/suggest.ts'

const image: Command = {
  name: 'image',
  summary: 'Change the images of a template',
  usage: '(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N',
  examples: '# A new image for the container "web"\ngantry set image deployment/web web=docker.io/library/busybox:1.36',
  flags: [...TARGET_FLAGS, OUTPUT, DRY_RUN, fieldManager('kubectl-set'), MANAGED_FIELDS],
  async run(call) {
    const pairs = call.args.filter((word) => word.includes('='))
    const names = call.args.filter((word) => !word.includes('='))
    if (pairs.length === 0) throw usageProblem('at least one image update is required', 'set image')
    const images = new Map(pairs.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
    return await eachTarget(call, await targetsOf(call, names), (target) => setImages(call, target, images))
  },
}

export const set: Command = { name: 'set', summary: 'Set features of objects', subcommands: [image] }

interface Container {
  readonly name: string
  readonly image?: string | undefined
}

async function setImages(call: Call, target: Target, images: ReadonlyMap<string, string>): Promise<void> {
  const cluster = await call.cluster()
  const object = await fetchTarget(cluster, target)
  const isPod = target.resource.plural === 'pods'
  const spec = isPod ? (object['spec'] as PodTemplateSpec['spec']) : (object['spec'] as { readonly template?: PodTemplateSpec } | undefined)?.template?.spec
  if (!spec) throw new Problem(`${target.shown} has no containers`)
  const lists = { initContainers: spec.initContainers ?? [], containers: spec.containers } as const
  const names = [...lists.containers, ...lists.initContainers].map(({ name }) => name)
  const missing = [...images.keys()].find((name) => name !== '*' && !names.includes(name))
  if (missing !== undefined) {
    const near = suggest(missing, names)
    throw new Problem(`unable to find container named "${missing}"${near === undefined ? `: there are ${names.join(', ')}` : `: did you mean "${near}"?`}`)
  }
  const change = (containers: readonly Container[]): readonly Container[] => containers.flatMap(({ name, image: old }) => {
    const wanted = images.get(name) ?? images.get('*')
    return wanted === undefined || wanted === old ? [] : [{ name, image: wanted }]
  })
  const changed = Object.fromEntries(Object.entries(lists).flatMap(([key, list]) => (change(list).length > 0 ? [[key, change(list)]] : [])))
  if (Object.keys(changed).length === 0) return
  const body = isPod ? { spec: changed } : { spec: { template: { spec: changed } } }
  const patched: ApiObject = dryRunOf(call) === 'client' ? object : await cluster.json({ method: 'PATCH', path: target.path, query: writeQuery(call), contentType: 'application/strategic-merge-patch+json', body })
  await report(call, patched, { name: target.shown, verb: 'image updated' })
}
