import { globMatches, isPrivate } from './registry/logins.ts'
import type { RegistryLogin, SecretSource } from './registry/port.ts'

/**
 * Who may use an image that is here already: Kubernetes' rule from 1.35 on (`KubeletEnsureSecretPulledImages`). An image that was pulled with a pod's secret is
 * given to pods with that secret (or one that says the same); others have to show the registry that they may. Other nodes are given only what came without any
 * login, or by one that they show. Pure.
 */
export type VerificationPolicy = 'NeverVerify' | 'NeverVerifyPreloadedImages' | 'NeverVerifyAllowlistedImages' | 'AlwaysVerify'

export interface AccessRules {
  readonly policy: VerificationPolicy
  /** Repositories for which `NeverVerifyAllowlistedImages` asks nothing; `*` at an end stands for the rest of the path. */
  readonly allowlist: readonly string[]
}

export const DEFAULT_RULES: AccessRules = { policy: 'NeverVerifyPreloadedImages', allowlist: [] }

/** By which right an image was pulled, for each repository it came from. */
export interface PullRecord {
  readonly id: string
  readonly repositories: Readonly<Record<string, PulledWith>>
}

export interface PulledWith {
  /** Without any login, or with one of the node's own: every pod of this node may. */
  readonly isOpen: boolean
  /** Without any login: every node may. Missing in records of older agents, which did not know it apart: then nobody says that it is so. */
  readonly isAnonymous?: boolean
  readonly secrets: readonly PulledSecret[]
  /** Hashes of other logins, the node's own and people's, the newest last: for who shows one. Older agents noted none. */
  readonly logins?: readonly string[]
}

export interface PulledSecret extends SecretSource {
  /** Of the login. */
  readonly hash: string
}

/** A login of the pod that fits the repository, and its hash. */
export interface HashedLogin {
  readonly login: RegistryLogin
  readonly hash: string
}

export interface AccessQuestion {
  readonly repository: string
  /** It was brought by hand, and pulled by no pod. */
  readonly isPreloaded: boolean
  readonly record: PullRecord | undefined
  /** Those of the pod that fit the repository. */
  readonly logins: readonly HashedLogin[]
}

/** Whether the image may be used without asking its registry. */
export function mayUse({ repository, isPreloaded, record, logins }: AccessQuestion, { policy, allowlist }: AccessRules): boolean {
  if (policy === 'NeverVerify' || (policy === 'NeverVerifyPreloadedImages' && isPreloaded)) return true
  if (policy === 'NeverVerifyAllowlistedImages' && allowlist.some((pattern) => isAllowlisted(pattern, repository))) return true
  const pulled = record !== undefined && Object.hasOwn(record.repositories, repository) ? record.repositories[repository] : undefined
  if (pulled === undefined) return false
  if (pulled.isOpen) return true
  // The same words in another secret are the same right.
  const known = hashesOf(pulled)
  return logins.some(({ hash }) => known.includes(hash))
}

/** Which other nodes may have what is here: all (no hash), or those that know one of these logins. Pure. */
export function rightsTo(repository: string, record: PullRecord | undefined): ReadonlyArray<{ readonly hash: string | undefined }> {
  const pulled = record !== undefined && Object.hasOwn(record.repositories, repository) ? record.repositories[repository] : undefined
  return pulled === undefined ? [] : pulled.isAnonymous === true ? [{ hash: undefined }] : hashesOf(pulled).map((hash) => ({ hash }))
}

const hashesOf = ({ secrets, logins = [] }: PulledWith): readonly string[] => [...new Set([...secrets.map(({ hash }) => hash), ...logins])]

const isAllowlisted = (pattern: string, repository: string): boolean => (pattern.endsWith('/*') ? repository.startsWith(pattern.slice(0, -1)) : globMatches(pattern, repository))

/** The newest word on a secret counts: what it said before opens nothing any more. */
export function withPull(record: PullRecord | undefined, { id, repository, by }: { readonly id: string; readonly repository: string; readonly by: HashedLogin | undefined }): PullRecord {
  const before = record !== undefined && Object.hasOwn(record.repositories, repository) ? record.repositories[repository] : undefined
  const { isOpen = false, isAnonymous = false, secrets = [], logins = [] } = before ?? {}
  const secret = by?.login.secret
  const isSame = (one: PulledSecret): boolean => one.namespace === secret?.namespace && one.name === secret.name && one.uid === secret.uid
  const pulled: Required<PulledWith> = {
    isOpen: isOpen || by === undefined || !isPrivate(by.login),
    isAnonymous: isAnonymous || by === undefined,
    secrets: secret === undefined ? secrets : [...secrets.filter((one) => !isSame(one)).slice(-MOST_SECRETS), { ...secret, hash: by?.hash ?? '' }],
    logins: by === undefined || secret !== undefined ? logins : [...logins.filter((hash) => hash !== by.hash).slice(-MOST_SECRETS), by.hash],
  }
  return { id, repositories: { ...record?.repositories, [repository]: pulled } }
}

/** A record is to stay short; who is forgotten only has to ask the registry again. */
const MOST_SECRETS = 99
