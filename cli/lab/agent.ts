/** Joins this host to a cluster: writes the agent's settings and becomes the agent. */
import { readFileSync } from 'node:fs'
import { networkInterfaces, hostname } from 'node:os'
import type { Call, Command } from '../program/command.ts'
import { list, text, type Flags } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

const DEFAULT_CONFIG = '/etc/gantry/agent.json'

/** The first address by which others can reach this host. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const found = addresses.find(({ internal, family }) => !internal && family === 'IPv4')
  if (!found) throw new Problem('this host has no address that other nodes could reach: name one with --address')
  return found.address
}

function labelsOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.flatMap((words) => words.split(',')).map((word) => {
      const at = word.indexOf('=')
      if (at < 1) throw new Problem(`--labels takes KEY=VALUE, not "${word}"`)
      return [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

/** On the command line every user of the host can read it for a moment ("ps"); in a file or in the environment nobody can. */
function tokenGiven(flags: Flags, env: Call['env']): string | undefined {
  const file = flags.text('token-file')
  if (file === undefined) return flags.text('token') ?? env['GANTRY_JOIN_TOKEN']
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch (error) {
    throw new Problem(`--token-file ${file} cannot be read: ${(error as Error).message}`)
  }
}

function settingsOf({ flags, env }: Call): Readonly<Record<string, unknown>> {
  const server = flags.text('server')
  if (server === undefined) throw new Problem('--server is missing: the control plane\'s address, for example https://10.0.0.2:6443')
  const token = tokenGiven(flags, env)
  const optional: Readonly<Record<string, string | undefined>> = { token, stateDir: flags.text('state-dir'), runDir: flags.text('run-dir'), imageDir: flags.text('image-dir'), runtime: flags.text('runtime'), clusterCidr: flags.text('cluster-cidr') }
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return { nodeName: (flags.text('name') ?? hostname()).toLowerCase(), server, address: flags.text('address') ?? ownAddress(), ...given, ...(flags.given('labels') ? { labels: labelsOf(flags.list('labels')) } : {}) }
}

export const agent: Command = {
  name: 'agent',
  summary: 'Run the node agent: join this host to a cluster',
  usage: '--server URL --token-file FILE',
  examples: '# On a Linux host that reaches the control plane, as root\ngantry agent --server https://10.0.0.2:6443 --token-file /root/token\n\n# Of several control planes any may be away\ngantry agent --server https://10.0.0.2:6443,https://10.0.0.3:6443 --token-file /root/token',
  flags: [
    text('server', "The control plane's address; of several all, with commas", { short: 's' }),
    text('token-file', 'Where the join token is, needed once ("gantry token create" prints it); - for the standard input'),
    text('token', 'The join token itself: others on this host can see it for a moment. Also in $GANTRY_JOIN_TOKEN'),
    text('name', "The node's name (default: the host's)"),
    text('address', 'Where other nodes reach this one (default: the first address that is not the loopback)'),
    list('labels', 'Labels of the node, KEY=VALUE'),
    text('config', "Where the agent's settings are written", { default: DEFAULT_CONFIG }),
    text('state-dir', 'Where state is kept that outlives a reboot'),
    text('run-dir', 'Where sockets and locks are'),
    text('image-dir', 'Where images are'),
    text('runtime', 'crun or runc'),
    text('cluster-cidr', "The range of all pods' addresses"),
  ],
  async run(call) {
    const { PROGRAM_ENV, programsFolder } = await import('../../deploy/lab/lab.ts')
    const { chmodSync, mkdirSync, writeFileSync, existsSync } = await import('node:fs')
    const { dirname, join } = await import('node:path')
    if (process.getuid?.() !== 0) throw new Problem('the agent makes namespaces, mounts and cgroups, which only root may do: run it with sudo')
    const program = join(programsFolder(), 'agent.mjs')
    if (!existsSync(program)) throw new Problem(`the agent program ${program} is missing: build it with "npm run build"`)
    const config = call.flags.text('config') ?? DEFAULT_CONFIG
    mkdirSync(dirname(config), { recursive: true })
    writeFileSync(config, `${JSON.stringify(settingsOf(call), null, 2)}\n`, { mode: 0o600 })
    // The mode above is for a new file only.
    chmodSync(config, 0o600)
    // From here on this process is the agent.
    process.execve?.(process.execPath, [process.execPath, '--disable-warning=ExperimentalWarning', program, '--config', config], { ...PROGRAM_ENV, ...process.env } as Record<string, string>)
  },
}
