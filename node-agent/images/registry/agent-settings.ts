import { Fault } from '../../../shared/kit/faults.ts'
import type { PeerUse } from '../peers/port.ts'
import type { AccessRules, VerificationPolicy } from '../pull-access.ts'

/** What an agent's settings say of pulling images. See docs/registries.md. */
export interface PullSettings {
  /** Mirrors, plain HTTP, authorities: a JSON file, read again when it changes. */
  readonly registriesFile: string
  /** `resolve`: any registry is asked. `configured`: only those of `registriesFile`, and addresses. */
  readonly registryNames: 'resolve' | 'configured'
  /** The node's own logins, for every pod: docker configs, the first one's entries first. */
  readonly dockerConfigs: readonly string[]
  /** Kubelet's flags of these names: a `CredentialProviderConfig`, and the folder of its programs. None unless given. */
  readonly imageCredentialProviderConfig: string
  readonly imageCredentialProviderBinDir: string
  /** What the nodes of the cluster are to each other: see docs/registries.md. */
  readonly imagePeers: PeerUse
  /** Kubelet's settings of these names. */
  readonly imagePullCredentialsVerificationPolicy: VerificationPolicy
  readonly preloadedImagesVerificationAllowlist: readonly string[]
  /** An answer of a registry that comes more slowly than this, over a minute, is given up; 0: never. Silence for 30 s always is. */
  readonly minimumPullBytesPerMinute: number
}

/** About 1 KiB a second: less than any line on which a pull is worth its while. */
export const MINIMUM_PULL_BYTES_PER_MINUTE = 64 << 10

export const DEFAULT_PULLS = {
  registriesFile: '/etc/gantry/registries.json',
  registryNames: 'resolve',
  dockerConfigs: ['/etc/gantry/docker-config.json', '/root/.docker/config.json'],
  imageCredentialProviderConfig: '',
  imageCredentialProviderBinDir: '',
  imagePeers: 'all',
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
  preloadedImagesVerificationAllowlist: [],
  minimumPullBytesPerMinute: MINIMUM_PULL_BYTES_PER_MINUTE,
} as const satisfies PullSettings

const PEER_USES: readonly PeerUse[] = ['all', 'content', 'none']
const POLICIES: readonly VerificationPolicy[] = ['NeverVerify', 'NeverVerifyPreloadedImages', 'NeverVerifyAllowlistedImages', 'AlwaysVerify']

/** @throws Fault('invalid') naming the setting. */
export function checkPulls(settings: PullSettings, where: string): void {
  const { registriesFile, registryNames, imagePullCredentialsVerificationPolicy, minimumPullBytesPerMinute } = settings
  if (typeof registriesFile !== 'string') throw new Fault('invalid', `${where}: "registriesFile" must be a path`)
  if (typeof settings.imageCredentialProviderConfig !== 'string' || typeof settings.imageCredentialProviderBinDir !== 'string') throw new Fault('invalid', `${where}: "imageCredentialProviderConfig" and "imageCredentialProviderBinDir" must be paths`)
  if ((settings.imageCredentialProviderConfig === '') !== (settings.imageCredentialProviderBinDir === '')) throw new Fault('invalid', `${where}: "imageCredentialProviderConfig" and "imageCredentialProviderBinDir" are given together`)
  if (!['resolve', 'configured'].includes(registryNames)) throw new Fault('invalid', `${where}: "registryNames" must be "resolve" or "configured"`)
  if (!PEER_USES.includes(settings.imagePeers)) throw new Fault('invalid', `${where}: "imagePeers" must be one of ${PEER_USES.join(', ')}`)
  if (!POLICIES.includes(imagePullCredentialsVerificationPolicy)) throw new Fault('invalid', `${where}: "imagePullCredentialsVerificationPolicy" must be one of ${POLICIES.join(', ')}`)
  if (!Number.isSafeInteger(minimumPullBytesPerMinute) || minimumPullBytesPerMinute < 0) throw new Fault('invalid', `${where}: "minimumPullBytesPerMinute" must be a whole number, 0 or more`)
  for (const name of ['dockerConfigs', 'preloadedImagesVerificationAllowlist'] as const) {
    const list: unknown = settings[name]
    if (!Array.isArray(list) || !list.every((one) => typeof one === 'string')) throw new Fault('invalid', `${where}: "${name}" must be a list of texts`)
  }
}

export const accessRulesOf = ({ imagePullCredentialsVerificationPolicy, preloadedImagesVerificationAllowlist }: PullSettings): AccessRules => ({ policy: imagePullCredentialsVerificationPolicy, allowlist: preloadedImagesVerificationAllowlist })
