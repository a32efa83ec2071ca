/** Completion of commands, flags, types and names in shells. The scripts ask the command itself. */
import type { Call, Command } from '../program/command.ts'
import { GLOBAL_FLAGS } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { resourcesFor, pathOf } from '../cluster/resources.ts'
import { namedItems } from '../print/items.ts'

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion for gantry: source <(gantry completion bash)
_gantry() {
  local words
  words=$(gantry __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gantry gantry
`,
  zsh: `#compdef gantry
# zsh completion for gantry: source <(gantry completion zsh)
_gantry() {
  local -a found
  found=(\${(f)"$(gantry __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _gantry gantry
`,
  fish: `# fish completion for gantry: gantry completion fish | source
function __gantry_complete
  set -l words (commandline -opc) (commandline -ct)
  gantry __complete $words[2..-1] 2>/dev/null
end
complete -c gantry -f -a '(__gantry_complete)'
`,
}

export const completion: Command = {
  name: 'completion',
  summary: 'Print a script that completes commands in bash, zsh or fish',
  usage: 'SHELL',
  examples: '# bash, for this session\nsource <(gantry completion bash)',
  async run({ args: [shell], terminal }) {
    const script = SCRIPTS[shell ?? '']
    if (script === undefined) throw new Problem(`${shell === undefined ? 'Shell not specified' : `Unsupported shell type "${shell}"`}: there are ${Object.keys(SCRIPTS).join(', ')}`)
    await Promise.resolve()
    terminal.out(script)
  },
}

/** `gantry __complete WORD...`: what the last word may become, a line each. */
export const complete: Command = {
  name: '__complete',
  usage: '[WORD...]',
  summary: 'What the shells ask',
  async run(call) {
    const words = [...call.args, ...(call.afterDash ?? [])]
    const candidates = await candidatesFor(call, words.slice(0, -1))
    const begun = words.at(-1) ?? ''
    call.terminal.out(candidates.filter((one) => one.startsWith(begun)).map((one) => `${one}\n`).join(''))
  },
}

/** Commands whose arguments are types and names. */
const TYPED = new Set(['get', 'describe', 'delete', 'edit', 'label', 'annotate', 'patch', 'scale', 'wait', 'expose', 'explain'])
const PODS = new Set(['logs', 'exec', 'attach', 'port-forward', 'why'])
const NODES = new Set(['cordon', 'uncordon', 'drain'])

async function candidatesFor(call: Call, before: readonly string[]): Promise<readonly string[]> {
  const [name, ...rest] = before.filter((word) => !word.startsWith('-'))
  if (name === undefined) return call.commands.map((one) => one.name)
  const command = await call.commands.find((one) => one.name === name)?.load()
  if (!command) return []
  const flags = [...(command.flags ?? []), ...GLOBAL_FLAGS].map((flag) => `--${flag.name}`)
  if (command.subcommands && rest.length === 0) return [...command.subcommands.map((one) => one.name), ...flags]
  return [...(await objectsFor(call, name, rest)), ...flags]
}

async function objectsFor(call: Call, name: string, rest: readonly string[]): Promise<readonly string[]> {
  if (PODS.has(name) && rest.length === 0) return await namesOf(call, 'pods')
  if (NODES.has(name)) return await namesOf(call, 'nodes')
  if (!TYPED.has(name)) return []
  const [type] = rest
  if (type !== undefined) return await namesOf(call, type)
  const { resources } = await (await call.cluster()).discovery.all()
  return [...new Set(resources.flatMap((one) => [one.plural, ...one.shortNames]))]
}

async function namesOf(call: Call, type: string): Promise<readonly string[]> {
  const cluster = await call.cluster()
  const [resource] = await resourcesFor(cluster, type)
  if (!resource) return []
  const list = await cluster.json({ path: pathOf(resource, { namespace: cluster.namespace }), headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' }, query: { limit: '200' } })
  return namedItems(list, resource).map(({ metadata }) => metadata?.name ?? '')
}
