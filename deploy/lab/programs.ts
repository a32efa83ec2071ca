/** The command lines and settings of a lab's programs. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../shared/kit/clock.ts'
import { issueJoinToken } from '../../shared/kit/join-token.ts'
import { etcdEndpoints, etcdProgram } from './etcd-program.ts'
import { API_PORT, JOIN_PORT, layoutOf, NODE_PORT, type LabSpec, type Member } from './layout.ts'
import { slowness } from './patience.ts'
import type { LabIdentity } from './identity.ts'
import type { Program } from './services.ts'

/** Where the built programs are: beside this file when it is built, in `dist/` of the checkout when it is not. */
export function programsFolder(): string {
  const beside = import.meta.dirname
  return existsSync(join(beside, 'control-plane.mjs')) ? beside : join(beside, '../../dist')
}

/** No source maps: one look at a stack would parse megabytes of them at start, and keep them. */
const nodeFlags = ['--disable-warning=ExperimentalWarning'] as const

/** Room for new objects in MB, of which V8 takes three times as much: half of its own choice costs a busy control plane no time that could be measured, and saves 30 MB. */
const controlPlaneFlags = [...nodeFlags, '--max-semi-space-size=8'] as const

/**
 * glibc's allocator gives each thread an arena of its own, of which most stays empty: one for all keeps 10 MB less in a control plane that works, 3 MB less in an agent, and takes
 * no measurable processor time.
 */
export const PROGRAM_ENV = { MALLOC_ARENA_MAX: '1' } as const

async function controlPlaneProgram(spec: LabSpec, member: Member): Promise<Program> {
  const layout = layoutOf(spec)
  const file = `${layout.memberState(member.name)}/config.json`
  const config = {
    etcd: etcdEndpoints(spec, member.machine),
    pki: layout.pki,
    listen: [{ host: '0.0.0.0', port: API_PORT }],
    nodes: [{ host: '0.0.0.0', port: NODE_PORT }],
    joins: [{ host: '0.0.0.0', port: JOIN_PORT }],
    advertiseAddress: layout.addressOf(member.machine),
    clusterCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    ...(slowness > 1 && { etcdCallMs: 5_000 * slowness, leaderLeaseMs: Math.min(60_000, 800 * slowness), nodeLeaseMs: 1_200 * slowness }),
    ...(layout.virtualAddress !== undefined && { identity: member.machine, virtualIp: { address: `${layout.virtualAddress}/24`, device: 'eth0' } }),
  }
  await writeFile(file, JSON.stringify(config, null, 2))
  return { member, command: [process.execPath, ...controlPlaneFlags, join(programsFolder(), 'control-plane.mjs'), '--config', file], env: PROGRAM_ENV }
}

/** How long a node of the lab has for getting its certificate; `lab up` gives it a new token. */
const JOIN_MS = 24 * 3_600_000

async function agentProgram(spec: LabSpec, { member, identity }: { readonly member: Member; readonly identity: LabIdentity }): Promise<Program> {
  const layout = layoutOf(spec)
  const file = `${layout.memberState(member.name)}/config.json`
  const config = {
    nodeName: member.name,
    server: layout.servers.join(','),
    token: issueJoinToken(identity.joinRoot, systemClock.nowMs() + JOIN_MS),
    stateDir: layout.memberState(member.name),
    runDir: layout.memberRun(member.name),
    imageDir: layout.imagesOf(member.name),
    address: layout.addressOf(member.machine),
    cgroup: layout.memberCgroup(member.name),
    bootIdFile: bootIdFile(spec, member.name),
    clusterCidr: '10.244.0.0/16',
    registriesFile: layout.registriesFile,
    // No name of a registry leaves a lab unless somebody wrote it down.
    registryNames: 'configured',
    dockerConfigs: [layout.dockerConfig],
    sharesHost: true,
  }
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 })
  return { member, command: [process.execPath, ...nodeFlags, join(programsFolder(), 'agent.mjs'), '--config', file], env: PROGRAM_ENV }
}

export async function programOf(spec: LabSpec, { member, identity }: { readonly member: Member; readonly identity: LabIdentity }): Promise<Program> {
  const layout = layoutOf(spec)
  await Promise.all([mkdir(layout.memberState(member.name), { recursive: true }), mkdir(layout.memberRun(member.name), { recursive: true })])
  switch (member.kind) {
    case 'etcd':
      return etcdProgram(spec, member)
    case 'control-plane':
      return controlPlaneProgram(spec, member)
    case 'node':
      if (!existsSync(bootIdFile(spec, member.name))) await newBootId(spec, member.name)
      return agentProgram(spec, { member, identity })
  }
}

const bootIdFile = (spec: LabSpec, node: string): string => `${layoutOf(spec).memberRun(node)}/boot-id`

/** A node that was without power boots anew: its agent sees another boot id. */
export async function newBootId(spec: LabSpec, node: string): Promise<void> {
  await mkdir(layoutOf(spec).memberRun(node), { recursive: true })
  await writeFile(bootIdFile(spec, node), `${randomUUID()}\n`)
}

export const bootIdOf = async (spec: LabSpec, node: string): Promise<string> => (await readFile(bootIdFile(spec, node), 'utf8')).trim()
