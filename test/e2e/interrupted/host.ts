/** What a lab leaves on its host. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { run } from '../harness.ts'

const namesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])

const ROOT = '/sys/fs/cgroup'
const groupsOf = (lab: string): readonly string[] => ['', ...namesIn(ROOT).map((name) => `/${name}`)].map((hierarchy) => `${ROOT}${hierarchy}/gantry/${lab}`).filter((path) => existsSync(path))

/** Processes that have the lab's folders in their words or are in its groups. Those a moment from their end are no trace. */
function processesOf(lab: string): readonly string[] {
  return namesIn('/proc').filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid).flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      const isDead = /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      return !isDead && (words.includes(`/gantry/labs/${lab}/`) || groups.includes(`/gantry/${lab}/`)) ? [`process ${pid} ${words.slice(0, 100)}`] : []
    } catch {
      return []
    }
  })
}

/** Everything on the host that is a lab's; `number` if it is known. */
export async function tracesOf(lab: string, number?: number): Promise<readonly string[]> {
  const numbered = number === undefined ? [] : namesIn('/sys/class/net').filter((link) => new RegExp(`^(gtlab${number}(cut)?|gt${number}[a-z].*)$`).test(link))
  const { stdout } = number === undefined ? { stdout: '' } : await run('nft', ['list', 'tables'])
  return [
    ...namesIn('/run/netns').filter((one) => one.startsWith(`gantry-${lab}-`)).map((one) => `netns ${one}`),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`/gantry/labs/${lab}/`)).map((line) => `mount ${line}`),
    ...groupsOf(lab),
    ...['/var/lib/gantry/labs', '/run/gantry/labs'].flatMap((folder) => namesIn(folder).filter((one) => one === lab || one.includes(`.${lab}.`)).map((one) => `${folder}/${one}`)),
    ...namesIn('/var/lib/gantry/numbers').filter((one) => ownerOf(one) === lab).map((one) => `number ${one}`),
    ...numbered.map((link) => `link ${link}`),
    ...(stdout.includes(`bridge gantry_lab${number}\n`) ? ['nft table'] : []),
    ...processesOf(lab),
  ]
}

function ownerOf(number: string): string | undefined {
  try {
    return readlinkSync(`/var/lib/gantry/numbers/${number}`)
  } catch {
    return undefined
  }
}

/** Waits for those who are dying. */
export async function tracesInTheEnd(lab: string, number?: number): Promise<readonly string[]> {
  let traces = await tracesOf(lab, number)
  for (let round = 0; round < 40 && traces.length > 0; round++) {
    await new Promise((resolve) => setTimeout(resolve, 25))
    traces = await tracesOf(lab, number)
  }
  return traces
}
