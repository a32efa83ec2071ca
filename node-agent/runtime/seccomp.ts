import type { Container, Pod, SeccompProfile } from '../../shared/model/gen/api.ts'
import { ALLOWED, BY_CAPABILITY } from './seccomp-calls.ts'

/** `linux.seccomp` of the OCI configuration. */
export type OciSeccomp = Readonly<Record<string, unknown>>

const ALLOW = 'SCMP_ACT_ALLOW'
const REFUSE = 'SCMP_ACT_ERRNO'
const EPERM = 1
const ENOSYS = 38

/** Every flag of `clone` that makes a namespace, the one for time aside. */
const NAMESPACE_FLAGS = 0x7e02_0000
/** Personalities that change nothing for others: Linux, 32 bits, their mixes with a short machine name, and the question which it is. */
const PERSONALITIES = [0x0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff]
/** Sockets to the machine's hypervisor. */
const AF_VSOCK = 40

/** The older architectures whose programs the processor runs too. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = { amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'], arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'] }

interface Rule {
  readonly names: readonly string[]
  readonly action: typeof ALLOW | typeof REFUSE
  readonly errnoRet?: number
  readonly args?: ReadonlyArray<{ readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string }>
}

/** What the container asks for, or its pod. Nothing: unconfined, as is who is privileged. */
export function profileOf(pod: Pod, container: Pick<Container, 'securityContext'>): SeccompProfile | undefined {
  if (container.securityContext?.privileged === true) return undefined
  const profile = container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile
  return profile?.type === 'Unconfined' ? undefined : profile
}

/** A profile of the node: the file has the form that the OCI runtime takes. Undefined where it is none. */
export function parseSeccomp(text: string): OciSeccomp | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && typeof (parsed as { readonly defaultAction?: unknown }).defaultAction === 'string' ? (parsed as OciSeccomp) : undefined
  } catch {
    return undefined
  }
}

/** `RuntimeDefault`: what is not named is refused with EPERM. Pure. @param capabilities those the container is bounded by. */
export function defaultSeccomp(capabilities: readonly string[], architecture: string): OciSeccomp {
  const architectures = ARCHITECTURES[architecture]
  return { defaultAction: REFUSE, defaultErrnoRet: EPERM, ...(architectures === undefined ? {} : { architectures }), syscalls: rules(capabilities) }
}

function rules(capabilities: readonly string[]): readonly Rule[] {
  const more = Object.entries(BY_CAPABILITY).flatMap(([capability, names]) => (capabilities.includes(capability) ? names : []))
  const allow = (names: readonly string[], ...args: NonNullable<Rule['args']>): Rule => ({ names, action: ALLOW, ...(args.length === 0 ? {} : { args }) })
  const makesNamespaces = capabilities.includes('CAP_SYS_ADMIN')
  return [
    allow([...ALLOWED, ...new Set(more), ...(makesNamespaces ? ['clone'] : [])]),
    allow(['socket'], { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }),
    ...PERSONALITIES.map((value) => allow(['personality'], { index: 0, value, op: 'SCMP_CMP_EQ' })),
    // The flags of clone3 are behind a pointer, out of a filter's sight: told that there is none, programs take clone.
    ...(makesNamespaces ? [] : [allow(['clone'], { index: 0, value: NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }), { names: ['clone3'], action: REFUSE, errnoRet: ENOSYS } as const]),
  ]
}
