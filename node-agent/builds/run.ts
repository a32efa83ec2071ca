import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { spend } from '../../shared/model/dockerfile/budget.ts'
import { expandWord, type ExpandOptions, type Variables } from '../../shared/model/dockerfile/expand.ts'
import type { Instruction, RawMount } from '../../shared/model/dockerfile/instruction.ts'
import type { Build, StepResult } from './build.ts'
import { runKey } from './keys.ts'
import { prepareMounts } from './mounts.ts'
import { networkOf } from './network.ts'
import { withSecrets } from './secrets.ts'
import type { SourceRoot } from './sources.ts'
import { type ConfigFields, DEFAULT_SHELL, type StageState, variablesOf } from './state.ts'
import { OWN_MOUNTS } from './workplace.ts'

type Run = Instruction & { readonly kind: 'run' }

/** Where a script that stands below its RUN is shown to the command: in a folder that is never of the image. */
const SCRIPT_PATH = '/dev/gantry-build-script'
/** Of these every command knows where they were given, and nothing is done again for them. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])

export interface RunOptions {
  readonly instruction: Run
  readonly step: number
  readonly rootOf: (from: string | undefined) => Promise<SourceRoot>
}

/** Carries out a RUN in a container of its own. Throws Fault('invalid') where the command fails. */
export async function runInstruction(build: Build, state: StageState, { instruction, step, rootOf }: RunOptions): Promise<StepResult> {
  const { store, request, file, tell, signal, locks } = build.options
  const { config, args } = state
  const { words, script } = commandOf(instruction, config)
  const command = told(instruction, words)
  const said = createdBy(args, command)
  // Every command's line in the history names all arguments anew.
  const problem = spend(build.budget, 'made', said.length - command.length)
  if (problem !== undefined) throw new Fault('invalid', problem)
  const wanted = instruction.mounts.map((mount) => expanded(mount, variablesOf(state), { escape: file.escape, budget: build.budget }))
  const mounts = await prepareMounts({ workplace: build.workplace, secretsFolder: build.workplace.secretsFolder, secrets: request.secrets, cacheMount: (id) => store.cacheMount(id), rootOf }, wanted, config)
  const network = networkOf(instruction.network, request.network)
  const { Env: env = [], User: user = '', WorkingDir: workingDir = '' } = config
  const key = runKey(state.layers, { words, script, env, args, user, workingDir, network, mounts: wanted, mounted: mounts.digests })
  const scriptFile = join(store.folder, `script-${step}`)
  const change = async (rootfs: string, snapshot: string): Promise<void> => {
    if (script !== '') await writeScript(scriptFile, script)
    const volumes = script === '' ? mounts.volumes : [...mounts.volumes, { mountPath: SCRIPT_PATH, source: scriptFile, readOnly: 'yes' as const }]
    const given = PROXIES.flatMap((name) => (Object.hasOwn(request.args, name) ? [`${name}=${request.args[name] ?? ''}`] : []))
    const variables = [...given, ...Object.entries(args).map(([name, value]) => `${name}=${value}`), ...env, ...mounts.env]
    const run = (): Promise<void> =>
      build.workplace
        .run({ key: snapshot, rootfs, words, env: variables, user, workingDir, network, mounts: volumes, tmpfs: mounts.tmpfs, onOutput: (text) => tell({ kind: 'output', step, text }), signal })
        .then(({ exitCode, oomKilled }) => {
          if (exitCode !== 0) throw new Fault('invalid', `process ${JSON.stringify(command)} did not complete successfully: exit code: ${exitCode}${oomKilled ? ' (out of memory)' : ''}`)
        })
    const work = (): Promise<void> => withSecrets(mounts.secrets, run)
    // One after the other, always in the same order, so that two builds never wait for each other.
    await mounts.locks.toSorted().reduceRight<() => Promise<void>>((inner, id) => () => locks.run(id, inner), work)()
  }
  try {
    const mountPoints = [...OWN_MOUNTS, ...mounts.volumes.map(({ mountPath }) => mountPath), ...mounts.tmpfs.map(({ path }) => path)]
    return await build.layer(state, key, { createdBy: said, change, mountPoints })
  } finally {
    await rm(scriptFile, { force: true })
  }
}

/** What is run, and the script it runs where that stands below. */
function commandOf({ command, heredocs }: Run, config: ConfigFields): { readonly words: readonly string[]; readonly script: string } {
  if (command.form === 'exec') return { words: command.words, script: '' }
  const shell = config.Shell ?? DEFAULT_SHELL
  const [first, ...more] = heredocs
  if (first !== undefined && more.length === 0 && command.text.trim() === first.word) {
    return first.content.startsWith('#!') ? { words: [SCRIPT_PATH], script: first.content } : { words: [...shell, first.content], script: '' }
  }
  // The shell reads them itself.
  return { words: [...shell, [command.text, ...heredocs.map(({ name, content }) => `${content}${name}`)].join('\n')], script: '' }
}

const told = ({ command, heredocs }: Run, words: readonly string[]): string => (heredocs.length === 0 ? words.join(' ') : command.form === 'shell' ? `${words.slice(0, -1).join(' ')} ${command.text}`.trim() : words.join(' '))

/** As Docker writes it: how many build arguments the command saw, and which. */
function createdBy(args: Variables, command: string): string {
  const pairs = Object.entries(args).map(([name, value]) => `${name}=${value}`)
  return pairs.length === 0 ? `RUN ${command}` : `RUN |${pairs.length} ${pairs.join(' ')} ${command}`
}

function expanded(mount: RawMount, variables: Variables, options: ExpandOptions): RawMount {
  return Object.fromEntries(
    Object.entries(mount).map(([key, value]) => {
      const made = expandWord(value, variables, options)
      if (made.kind === 'invalid') throw new Fault('invalid', made.message)
      return [key, made.text]
    }),
  )
}

async function writeScript(file: string, script: string): Promise<void> {
  await writeFile(file, script)
  await chmod(file, 0o755)
}
