import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import { writeFileAtomic } from '../host/files.ts'
import { type Digest, hexOf } from './digest.ts'
import { type HashedLogin, type PullRecord, withPull } from './pull-access.ts'
import { loginsFor } from './registry/logins.ts'
import type { RegistryLogin } from './registry/port.ts'

/** `ROOT/pulls/`: by which right images were pulled, a file per image. No secret stands in it, only hashes. */
export class PullRecords {
  readonly #folder: string

  constructor(root: string) {
    this.#folder = join(root, 'pulls')
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  /** One that cannot be read says nothing: the registry is asked again. */
  async find(id: Digest): Promise<PullRecord | undefined> {
    const text = await unlessMissing(readFile(this.#file(id), 'utf8'))
    try {
      return text === undefined ? undefined : (JSON.parse(text) as PullRecord)
    } catch {
      return undefined
    }
  }

  /** @param staging a folder of the writer's own. */
  async add(id: Digest, pulled: { readonly repository: string; readonly login: RegistryLogin | undefined }, staging: string): Promise<void> {
    const { repository, login } = pulled
    const by = login === undefined ? undefined : hashedLogin(login)
    const record = withPull(await this.find(id), { id, repository, by })
    const made = join(staging, `pull-${hexOf(id)}.json`)
    await writeFileAtomic(made, JSON.stringify(record))
    await rename(made, this.#file(id))
  }

  async forget(id: Digest): Promise<void> {
    await unlessMissing(unlink(this.#file(id)))
  }

  #file(id: Digest): string {
    return join(this.#folder, `${hexOf(id)}.json`)
  }
}

/** The logins that fit a repository, with their hashes. */
export const hashedLogins = (repository: string, logins: readonly RegistryLogin[]): readonly HashedLogin[] => loginsFor(repository, logins).map(hashedLogin)

export const hashedLogin = (login: RegistryLogin): HashedLogin => ({ login, hash: hashOf(login) })

/** Of all a puller may show, and where. Not only what fits the repository: its mirrors are shown other logins, and may let in by them whom the registry would not. */
export const hashOfAll = (logins: readonly RegistryLogin[]): string => hashText(logins.map(({ registry, credential }) => [registry, credential]))

const hashOf = ({ credential }: RegistryLogin): string => hashText(credential)

const hashText = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')
