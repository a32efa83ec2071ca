/** Who owns whom, from the informers of all resources. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { OwnerReference } from '../../../shared/model/gen/api.ts'
import { namespaceOf, objectKey, type KubeObject } from '../../../shared/model/meta.ts'
import type { Resource } from '../../../shared/model/resources.ts'
import type { ApiClient } from '../../client/port.ts'
import type { CustomInformers } from '../../informers/custom.ts'
import type { Informer, Informers } from '../../informers/port.ts'
import { isWaitingForDependents, type OwnerState } from './plan.ts'

const BY_OWNER = 'owner'
const byOwner = (object: KubeObject): readonly string[] => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid)

const ABSENT_REMEMBERED = 1000

export interface Member {
  readonly resource: Resource
  readonly informer: Informer<KubeObject>
}

export interface GraphParts {
  readonly client: ApiClient
  readonly informers: Informers
  readonly custom?: CustomInformers | undefined
}

export class OwnerGraph {
  readonly #fixed: readonly Member[]
  readonly #custom: CustomInformers | undefined
  readonly #client: ApiClient
  readonly #byKind: ReadonlyMap<string, Member>
  /** Owners known to be gone, the oldest first. */
  readonly #absent = new Set<string>()

  constructor({ client, informers, custom }: GraphParts, resources: readonly Resource[]) {
    this.#client = client
    this.#custom = custom
    this.#fixed = resources.map((resource) => ({ resource, informer: informers.for(resource) }))
    for (const { informer } of this.#fixed) informer.addIndex(BY_OWNER, byOwner)
    custom?.onMember(({ informer }) => informer.addIndex(BY_OWNER, byOwner))
    this.#byKind = new Map(this.#fixed.map((member) => [kindKey(member.resource.group, member.resource.kind), member]))
  }

  /** Those that are always there, and those that are there now. */
  get members(): readonly Member[] {
    return this.#custom ? [...this.#fixed, ...this.#custom.current()] : this.#fixed
  }

  memberOf(reference: OwnerReference): Member | undefined {
    const [first = '', version] = reference.apiVersion.split('/')
    const group = version === undefined ? '' : first
    return this.#byKind.get(kindKey(group, reference.kind)) ?? this.#custom?.current().find(({ resource }) => resource.group === group && resource.kind === reference.kind)
  }

  dependentsOf(uid: string): ReadonlyArray<Member & { readonly object: KubeObject }> {
    return this.members.flatMap((member) => member.informer.byIndex(BY_OWNER, uid).map((object) => ({ ...member, object })))
  }

  /** Where the owner must be: in its dependent's namespace, or in none. `undefined` for one that cannot be named from there. */
  ownerKey(member: Member, dependent: KubeObject, reference: OwnerReference): string | undefined {
    if (!member.resource.namespaced) return reference.name
    const namespace = namespaceOf(dependent)
    return namespace === '' ? undefined : objectKey(namespace, reference.name)
  }

  /** What the informer does not show is asked of the API server before it counts as absent. */
  async stateOf(dependent: KubeObject, reference: OwnerReference): Promise<OwnerState> {
    const member = this.memberOf(reference)
    const key = member && this.ownerKey(member, dependent, reference)
    if (!member || key === undefined) return 'unknown'
    const shown = member.informer.get(key)
    if (shown?.metadata.uid === reference.uid) return presence(shown)
    const name = absentName(member.resource, key, reference.uid)
    if (this.#absent.has(name)) return 'absent'
    const live = await this.#find(member.resource, dependent, reference)
    if (live?.metadata.uid === reference.uid) return presence(live)
    this.#rememberAbsent(name)
    return 'absent'
  }

  /** The informer has seen it go. */
  noteGone(resource: Resource, key: string, uid: string): void {
    this.#rememberAbsent(absentName(resource, key, uid))
  }

  #rememberAbsent(name: string): void {
    this.#absent.add(name)
    const [oldest] = this.#absent
    if (this.#absent.size > ABSENT_REMEMBERED && oldest !== undefined) this.#absent.delete(oldest)
  }

  async #find(resource: Resource, dependent: KubeObject, { name }: OwnerReference): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(resource, resource.namespaced ? { namespace: namespaceOf(dependent), name } : { name })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }
}

const kindKey = (group: string, kind: string): string => `${group}/${kind}`
const absentName = (resource: Resource, key: string, uid: string): string => `${resource.group}/${resource.plural}/${key}/${uid}`
const presence = (owner: KubeObject): OwnerState => (isWaitingForDependents(owner) ? 'waiting' : 'present')
