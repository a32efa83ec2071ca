import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { mustRun, runProgram } from './exec.ts'
import { type Netns, POD_SYSCTLS, type PodLink } from './netns-port.ts'

/** Namespaces made with iproute2 and util-linux: five processes each. The fallback where the C library cannot be called. */
export function programNetns(): Omit<Netns, 'isPinned' | 'set'> {
  return {
    async create(link) {
      if (link.users !== undefined) throw new Fault('unsupported', 'the node cannot make a user namespace for the pod: this Node does not reach the C library')
      const staged = `${link.netnsPath}.making`
      await dropLink(link.hostLink)
      await unpin(link.netnsPath)
      await unpin(staged)
      await mkdir(dirname(staged), { recursive: true })
      await writeFile(staged, '')
      await writeFile(link.netnsPath, '')
      try {
        await mustRun('unshare', [`--net=${staged}`, 'true'])
        await mustRun('ip', ['-batch', '-'], { input: nodeCommands(link, staged) })
        await mustRun('nsenter', [`--net=${staged}`, 'sh', '-c', podScript()], { input: podCommands(link) })
        await mustRun('mount', ['--bind', staged, link.netnsPath])
      } finally {
        await unpin(staged)
      }
    },
    unpin,
    dropLink,
  }
}

async function dropLink(hostLink: string): Promise<void> {
  await runProgram('ip', ['link', 'delete', hostLink])
}

async function unpin(path: string): Promise<void> {
  await runProgram('umount', ['-l', path])
  await rm(path, { force: true })
}

const nodeCommands = ({ hostLink, bridge, mac, mtuBytes }: PodLink, netns: string): string =>
  `link add ${hostLink} mtu ${mtuBytes} type veth peer name eth0 address ${mac} mtu ${mtuBytes} netns ${netns}
link set ${hostLink} master ${bridge} up
link set ${hostLink} type bridge_slave hairpin on
`

/** The files of /proc/sys/net are those of the process that opens them. */
const podScript = (): string => `${Object.entries(POD_SYSCTLS).map(([name, value]) => `echo '${value}' >/proc/sys/${name} 2>/dev/null`).join('; ')}; exec ip -batch -`

const podCommands = ({ address, gateway }: PodLink): string =>
  `link set lo up
link set eth0 up
address add ${address}/32 dev eth0
route add default via ${gateway} dev eth0 onlink
`
