/** What a namespace's labels demand of its pods: the Pod Security Standards. PURE. */
import { type FieldError, invalid } from '../../../shared/model/field-error.ts'

export const levels = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof levels)[number]

export interface Demand {
  readonly level: Level
  /** The minor version whose rules hold; `undefined`: those of this server. */
  readonly minor: number | undefined
}

export interface Policy {
  /** What is not met is refused. */
  readonly enforce: Demand
  /** What is not met is told. */
  readonly warn: Demand
}

const PREFIX = 'pod-security.kubernetes.io/'
const VERSION = /^v1\.(0|[1-9]\d*)$/
const NOTHING: Demand = { level: 'privileged', minor: undefined }

export const formatDemand = ({ level, minor }: Demand): string => `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`
export const isStricter = (a: Level, b: Level): boolean => levels.indexOf(a) > levels.indexOf(b)

type Labels = Readonly<Record<string, string>>

interface Read {
  readonly policy: Policy
  /** Of labels that cannot be read. */
  readonly errors: readonly FieldError[]
}

/** Who enforces and says nothing of warnings warns of the same, for what makes pods is not refused. */
export function readPolicy(labels: Labels = {}): Read {
  const errors: FieldError[] = []
  const enforce = readDemand(labels, { mode: 'enforce', errors, unreadable: 'restricted' })
  readDemand(labels, { mode: 'audit', errors, unreadable: 'privileged' })
  const warn = readDemand(labels, { mode: 'warn', errors, unreadable: 'privileged' })
  const named = labels[`${PREFIX}enforce`]
  const follows = labels[`${PREFIX}warn`] === undefined && named !== undefined && isLevel(named) && isStricter(enforce.level, warn.level)
  const minor = labels[`${PREFIX}warn-version`] === undefined ? enforce.minor : warn.minor
  return { policy: { enforce, warn: follows ? { level: enforce.level, minor } : warn }, errors }
}

const isLevel = (text: string): text is Level => levels.some((one) => one === text)

function readDemand(labels: Labels, { mode, errors, unreadable }: { readonly mode: string; readonly errors: FieldError[]; readonly unreadable: Level }): Demand {
  const [level, version] = [labels[`${PREFIX}${mode}`], labels[`${PREFIX}${mode}-version`]]
  const minor = VERSION.exec(version ?? '')?.[1]
  const refuse = (label: string, value: string, problem: string): void => void errors.push(invalid(`metadata.labels[${PREFIX}${label}]`, value, problem))
  if (level !== undefined && !isLevel(level)) refuse(mode, level, `must be one of ${levels.join(', ')}`)
  if (version !== undefined && version !== 'latest' && minor === undefined) refuse(`${mode}-version`, version, 'must be "latest" or "v1.x"')
  return { level: level === undefined ? NOTHING.level : isLevel(level) ? level : unreadable, minor: minor === undefined ? undefined : Number(minor) }
}
