import type { Pod } from '../../shared/model/gen/api.ts'
import { IMAGE_API, type ImageCommitted } from '../../shared/model/image-api.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { queryText } from './place.ts'
import { shortId } from './text.ts'

export const commit: Command = {
  name: 'commit',
  summary: 'Make an image of what a running container changed',
  usage: 'POD -t NAME',
  examples: 'gantry commit web-0 -t web:patched\ngantry commit web-0 -c app -t registry.example/web:patched',
  flags: [text('tag', 'The name of the image', { short: 't' }), text('container', 'The container; the first unless given', { short: 'c' })],
  run: commitPod,
}

async function commitPod(call: Call): Promise<void> {
  const { args, flags, terminal } = call
  const [given, ...more] = args
  const name = flags.text('tag')
  if (given === undefined || more.length > 0) throw new Problem('which pod? For example: gantry commit web-0 -t web:patched')
  if (name === undefined) throw new Problem('what is the image to be called? Give it a name with -t NAME')
  const pod = given.replace(/^pods?\//, '')
  const cluster = await call.cluster()
  const { spec } = await cluster.json<Pod>({ path: `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/pods/${encodeURIComponent(pod)}` })
  const node = spec?.nodeName
  if (node === undefined) throw new Problem(`pod ${pod} is on no node yet: there is nothing to make an image of`)
  const query = queryText([['namespace', cluster.namespace], ['pod', pod], ['container', flags.text('container') ?? ''], ['name', name]])
  try {
    const { id, tags, container } = await cluster.json<ImageCommitted>({ method: 'POST', path: `/api/v1/nodes/${encodeURIComponent(node)}/proxy${IMAGE_API}/commit${query}` })
    terminal.out(`${tags.find((tag) => tag.endsWith(name) || tag.endsWith(`${name}:latest`)) ?? name} committed from pod/${pod} (container ${container}) on node ${node}: ${shortId(id)}\n`)
  } catch (error) {
    if (isStatusProblem(error) && /image|container/.test(error.message)) throw new Problem(error.message, { cause: error })
    throw error
  }
}
