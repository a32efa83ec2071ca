/** The door of the registry client. */
import { readFile, stat } from 'node:fs/promises'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import type { Log } from '../../../shared/kit/log.ts'
import { systemRandom, type Random } from '../../../shared/kit/random.ts'
import { unlessMissing } from '../../host/errno.ts'
import { MINIMUM_PULL_BYTES_PER_MINUTE, type PullSettings } from './agent-settings.ts'
import { createHttp } from './http.ts'
import { createOwnLogins, type OwnLogins } from './own-logins.ts'
import type { RegistryClient } from './port.ts'
import { DistributionSession } from './session.ts'
import { noSettings, parseRegistrySettings, type RegistrySettings } from './settings.ts'

export { loginsFor, loginsOf } from './logins.ts'
export type { BlobSource, Credential, Descriptor, ManifestBytes, RegistryClient, RegistryLogin, RepositorySession } from './port.ts'
export { pushImage, type PushProgress, type PushRequest } from './push-image.ts'
export { noSettings, parseRegistrySettings, type RegistrySettings } from './settings.ts'

export interface RegistryClientOptions {
  /** Asked for each pull: a change of the settings counts from the next one on. */
  readonly settings: () => Promise<RegistrySettings>
  /** The node's own logins: tried after those of the caller, and by which a pull is nobody's secret. */
  readonly logins?: OwnLogins
  /** A body that comes more slowly is given up. */
  readonly minimumBytesPerMinute?: number
  readonly clock?: Clock
  readonly random?: Random
}

/** Real registries over HTTP(S). Disposing closes the connections that are kept. */
export function createRegistryClient({ settings, logins: ownLogins = async () => [], minimumBytesPerMinute = MINIMUM_PULL_BYTES_PER_MINUTE, clock = systemClock, random = systemRandom }: RegistryClientOptions): RegistryClient & Disposable {
  const http = createHttp(clock, minimumBytesPerMinute)
  return {
    open: (repository, how) => new DistributionSession({ repository, settings, ownLogins, http, clock, random, ...how }),
    [Symbol.dispose]: () => http[Symbol.dispose](),
  }
}

/** The registries of a node, as its agent's settings say. */
export const nodeRegistries = ({ registriesFile, registryNames, minimumPullBytesPerMinute, ...settings }: PullSettings, { log, clock = systemClock, random = systemRandom }: Pick<RegistryClientOptions, 'clock' | 'random'> & { readonly log?: Log }): RegistryClient =>
  createRegistryClient({
    settings: settingsFile(registriesFile, registryNames),
    logins: createOwnLogins({ dockerConfigs: settings.dockerConfigs, providerConfig: settings.imageCredentialProviderConfig, providerFolder: settings.imageCredentialProviderBinDir, clock, ...(log === undefined ? {} : { log }) }),
    minimumBytesPerMinute: minimumPullBytesPerMinute,
    clock,
    random,
  })

/**
 * The settings in a file, read again when it changes; none where there is no file.
 * @throws Fault('invalid') naming what is wrong.
 */
export function settingsFile(file: string, names: RegistrySettings['names'] = 'resolve'): () => Promise<RegistrySettings> {
  let known: { readonly mtimeMs: number; readonly settings: RegistrySettings } | undefined
  return async () => {
    const about = await unlessMissing(stat(file))
    if (about === undefined) return noSettings(names)
    if (known?.mtimeMs !== about.mtimeMs) known = { mtimeMs: about.mtimeMs, settings: parseRegistrySettings(await readFile(file, 'utf8'), file, names) }
    return known.settings
  }
}
