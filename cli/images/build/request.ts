import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Dockerfile } from '../../../shared/model/dockerfile/instruction.ts'
import { parseDockerfile } from '../../../shared/model/dockerfile/parse.ts'
import { imagesOf, planBuild } from '../../../shared/model/dockerfile/plan.ts'
import type { BuildRequest } from '../../../shared/model/image-api.ts'
import type { Call } from '../../program/command.ts'
import { Problem } from '../../program/problem.ts'
import { loginsFor } from '../docker-config.ts'

export interface BuildInput {
  readonly folder: string
  /** Its path; undefined when it came in by standard input. */
  readonly dockerfile: string | undefined
  readonly request: BuildRequest
}

/** Everything that is said on the command line and in the Dockerfile. @throws Problem with all mistakes of the Dockerfile, before anything is sent */
export async function readBuild(call: Call): Promise<BuildInput> {
  const { args, flags, env } = call
  const [folder, ...more] = args
  if (folder === undefined || more.length > 0) throw new Problem('which folder is to be built? For example: gantry image build -t app:1.0 .')
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new Problem(`${folder} is no folder`)
  const { dockerfile, name, text } = await readDockerfile(call, folder)
  const buildArgs = pairsOf(flags.list('build-arg'), 'build-arg', env)
  const epoch = env['SOURCE_DATE_EPOCH']
  const given = { ...(epoch === undefined || epoch === '' ? {} : { SOURCE_DATE_EPOCH: epoch }), ...buildArgs }
  const target = flags.text('target')
  const parsed = parseDockerfile(text, name)
  if (parsed.kind === 'invalid') throw new Problem(parsed.problems.join('\n'))
  const images = imagesFor(parsed.file, { name, target, args: given })
  return {
    folder,
    dockerfile,
    request: {
      dockerfile: text,
      name,
      tags: flags.list('tag'),
      target,
      args: given,
      labels: pairsOf(flags.list('label'), 'label', {}),
      network: networkOf(flags.text('network') ?? 'default'),
      noCache: flags.is('no-cache'),
      pull: flags.is('pull'),
      secrets: secretsOf(flags.list('secret'), env),
      logins: await loginsForAll(call, images),
    },
  }
}

async function readDockerfile({ flags, terminal }: Call, folder: string): Promise<{ readonly dockerfile: string | undefined; readonly name: string; readonly text: string }> {
  const given = flags.text('file')
  if (given === '-') return { dockerfile: undefined, name: 'Dockerfile', text: await terminal.readAll() }
  const name = given ?? ['Dockerfile', 'Containerfile'].find((one) => existsSync(join(folder, one)))
  if (name === undefined) throw new Problem(`there is neither a Dockerfile nor a Containerfile in ${folder}: name one with -f FILE`)
  const dockerfile = given === undefined ? join(folder, name) : existsSync(given) ? given : join(folder, given)
  if (!existsSync(dockerfile)) throw new Problem(`${given ?? name} does not exist`)
  return { dockerfile, name, text: readFileSync(dockerfile, 'utf8') }
}

/** Of which platform the node is it knows itself: the hosts of the images' names do not hang on it. */
function imagesFor(file: Dockerfile, { name, target, args }: { readonly name: string; readonly target: string | undefined; readonly args: Readonly<Record<string, string>> }): readonly string[] {
  const plan = planBuild(file, { name, target, args, platform: { os: 'linux', architecture: 'amd64' } })
  if (plan.kind === 'invalid') throw new Problem(plan.problems.join('\n'))
  return imagesOf(plan.stages)
}

/** `NAME=VALUE`, or a name alone for a variable of this shell. */
function pairsOf(list: readonly string[], flag: string, env: Call['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.flatMap((text) => {
      const at = text.indexOf('=')
      if (at === 0 || text === '') throw new Problem(`--${flag} needs a name: --${flag} NAME=VALUE, not ${JSON.stringify(text)}`)
      if (at > 0) return [[text.slice(0, at), text.slice(at + 1)]]
      const value = env[text]
      return value === undefined ? (flag === 'label' ? [[text, '']] : []) : [[text, value]]
    }),
  )
}

function networkOf(text: string): BuildRequest['network'] {
  if (text === 'default' || text === 'none' || text === 'host') return text
  throw new Problem(`--network is default, none or host, not ${JSON.stringify(text)}`)
}

/** `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`, in base64. */
function secretsOf(list: readonly string[], env: Call['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.map((text) => {
      const parts = Object.fromEntries(text.split(',').map((part) => [part.slice(0, Math.max(0, part.indexOf('='))), part.slice(part.indexOf('=') + 1)]))
      const { id, src, source = src, env: variable } = parts
      if (id === undefined || id === '') throw new Problem(`a secret needs an id: --secret id=NAME,src=FILE, not ${JSON.stringify(text)}`)
      if (variable !== undefined || (source === undefined && env[id] !== undefined)) {
        const value = env[variable ?? id]
        if (value === undefined) throw new Problem(`secret ${id}: the variable ${variable ?? ''} is not set`)
        return [id, Buffer.from(value).toString('base64')]
      }
      const file = source ?? id
      if (!existsSync(file)) throw new Problem(`secret ${id}: ${file} does not exist`)
      return [id, readFileSync(file).toString('base64')]
    }),
  )
}

/** Only those for the registries that the base images come from. */
async function loginsForAll(call: Call, images: readonly string[]): Promise<unknown> {
  const auths: Record<string, unknown> = {}
  for (const image of images) Object.assign(auths, ((await loginsFor(call, image)) as { readonly auths?: object } | undefined)?.auths)
  return Object.keys(auths).length === 0 ? undefined : { auths }
}
