/** Admission: what may still be changed in, or refused about, a write that is authorized and decoded. One plugin a file. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Call } from '../core/call.ts'
import type { ResourceStore } from '../core/resources.ts'
import type { GroupVersionKind } from '../decode/kinds.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { Reinvocation } from './reinvocation.ts'

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly store: ResourceStore
  /** Empty for a cluster-scoped resource; of a namespace its own name. */
  readonly namespace: string
  /** Empty while a name is still to be generated. */
  readonly name: string
  readonly subresource: string
  readonly object: JsonObject
  readonly old: JsonObject | undefined
  readonly call: Call
  /** What the object is, where it is not of the kind that the resource stores. */
  readonly as?: GroupVersionKind | undefined
  /** The resource that was asked for, where it is told of in the words of an equivalent one. */
  readonly asked?: ResourceStore | undefined
  /** Of a request on its way through those that change objects. */
  readonly reinvocation?: Reinvocation | undefined
}

/** Both may throw an `ApiError`: that is the answer. */
export interface AdmissionPlugin {
  readonly name: string
  /** As `group/plural`: what it has to do with, and is asked about. Left out: everything. */
  readonly resources?: readonly string[]
  /** Whether it looks at objects that are not of the kind that the resource stores; the others know only those. */
  readonly anyKind?: true
  /** The object as it shall be; the same value if nothing changes. */
  mutate?(request: AdmissionRequest): JsonObject | Promise<JsonObject>
  /** Looks at the object as it will be stored. */
  validate?(request: AdmissionRequest): void | Promise<void>
}

export interface Admission {
  mutate(request: AdmissionRequest): Promise<JsonObject>
  validate(request: AdmissionRequest): Promise<void>
}

/** The plugins one after the other, in their order. */
export function admissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  const concerned = concernedOf(plugins)
  return {
    async mutate(request) {
      const { mutating } = concerned(request)
      const reinvocation = new Reinvocation()
      const once = async (given: JsonObject): Promise<JsonObject> => {
        let asked: AdmissionRequest = { ...request, object: given, reinvocation }
        for (const plugin of mutating) {
          if (asked.as && !plugin.anyKind) continue
          const answer = plugin.mutate?.(asked)
          // Most have nothing to wait for, nor anything to change.
          const object = answer instanceof Promise ? await answer : answer
          if (object !== undefined && object !== asked.object) asked = { ...asked, object }
        }
        return asked.object
      }
      const object = await once(request.object)
      if (!reinvocation.isNeeded) return object
      reinvocation.isSecond = true
      return once(object)
    },
    async validate(request) {
      for (const plugin of concerned(request).validating) {
        if (request.as && !plugin.anyKind) continue
        const answer = plugin.validate?.(request)
        if (answer instanceof Promise) await answer
      }
    },
  }
}

interface Concerned {
  readonly mutating: readonly AdmissionPlugin[]
  readonly validating: readonly AdmissionPlugin[]
}

/** Most plugins have to do with one resource, and most writes with few plugins: who is to be asked is looked up once for each kind. */
function concernedOf(plugins: readonly AdmissionPlugin[]): (request: AdmissionRequest) => Concerned {
  const known = new WeakMap<KindDefinition, Concerned>()
  return ({ store: { definition } }) => {
    const before = known.get(definition)
    if (before) return before
    const asked = plugins.filter(({ resources }) => resources === undefined || resources.includes(`${definition.group}/${definition.plural}`))
    const concerned = { mutating: asked.filter((plugin) => plugin.mutate), validating: asked.filter((plugin) => plugin.validate) }
    known.set(definition, concerned)
    return concerned
  }
}

export const isCore = (request: AdmissionRequest, plural: string): boolean => request.store.definition.group === '' && request.store.definition.plural === plural
