/** The command lines and settings of a lab's programs. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { API_PORT, JOIN_PORT, layoutOf, nodeIndex, NODE_PORT, type LabSpec, type Member } from './layout.ts'
import type { LabIdentity } from './identity.ts'
import type { Program } from './services.ts'

/** Where the built programs are: beside this file when it is built, in `dist/` of the checkout when it is not. */
export function programsFolder(): string {
  const beside = import.meta.dirname
  return existsSync(join(beside, 'control-plane.mjs')) ? beside : join(beside, '../../dist')
}

/** No source maps: one look at a stack would parse megabytes of them at start, and keep them. */
const nodeFlags = ['--disable-warning=ExperimentalWarning'] as const

/** etcd elects itself at once when it is alone: its timers may be short. */
function etcdProgram(spec: LabSpec, member: Member): Program {
  const data = `${layoutOf(spec).memberState(member.name)}/data`
  const command = [
    'etcd',
    `--name=${spec.name}`,
    `--data-dir=${data}`,
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--initial-advertise-peer-urls=http://127.0.0.1:2380',
    `--initial-cluster=${spec.name}=http://127.0.0.1:2380`,
    '--heartbeat-interval=10',
    '--election-timeout=100',
    '--max-txn-ops=4096',
    '--max-request-bytes=33554432',
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=5m',
    '--snapshot-count=10000',
    '--logger=zap',
    '--log-outputs=stderr',
    '--log-level=warn',
  ]
  return { member, command, env: { GOGC: '50' } }
}

async function controlPlaneProgram(spec: LabSpec, member: Member): Promise<Program> {
  const layout = layoutOf(spec)
  const file = `${layout.memberState(member.name)}/config.json`
  const config = {
    etcd: ['http://127.0.0.1:2379'],
    pki: layout.pki,
    listen: [{ host: '0.0.0.0', port: API_PORT }],
    nodes: [{ host: '0.0.0.0', port: NODE_PORT }],
    joins: [{ host: '0.0.0.0', port: JOIN_PORT }],
    advertiseAddress: layout.controlPlaneAddress,
    clusterCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
  }
  await writeFile(file, JSON.stringify(config, null, 2))
  return { member, command: [process.execPath, ...nodeFlags, join(programsFolder(), 'control-plane.mjs'), '--config', file] }
}

async function agentProgram(spec: LabSpec, { member, identity }: { readonly member: Member; readonly identity: LabIdentity }): Promise<Program> {
  const layout = layoutOf(spec)
  const file = `${layout.memberState(member.name)}/config.json`
  const config = {
    nodeName: member.name,
    server: layout.server,
    token: identity.joinToken,
    stateDir: layout.memberState(member.name),
    runDir: layout.memberRun(member.name),
    imageDir: layout.images,
    address: layout.nodeAddress(nodeIndex(member.name)),
    cgroup: layout.memberCgroup(member.name),
    bootIdFile: bootIdFile(spec, member.name),
    clusterCidr: '10.244.0.0/16',
  }
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 })
  return { member, command: [process.execPath, ...nodeFlags, join(programsFolder(), 'agent.mjs'), '--config', file] }
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
