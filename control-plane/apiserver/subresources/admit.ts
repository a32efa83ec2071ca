/** Users' own policies and webhooks have a say in what is done to an object by its subresources, too. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { ofKind } from '../admission/other-kind.ts'
import type { Call } from '../core/call.ts'
import { apiVersionOf, type ExpectedKind } from '../decode/kinds.ts'
import { readCall, type HandlerContext } from '../handlers/context.ts'
import { boolParameter, textParameter } from '../options/parameters.ts'

export interface Admitting {
  readonly operation: 'CREATE' | 'CONNECT'
  readonly kind: ExpectedKind
  readonly object: JsonObject
  readonly call: Call
}

/** The object as it shall be; throws who refuses it. */
export async function admitted(context: HandlerContext, admitting: Admitting): Promise<JsonObject> {
  const { mutate, validate } = admissionOf(context, admitting)
  const changed = await mutate()
  await validate(changed)
  return changed
}

export interface Admission {
  /** What those who may change the object make of it. */
  mutate(): Promise<JsonObject>
  /** Asks those who only look. */
  validate(object: JsonObject): Promise<void>
}

/** The two halves, for those who look at the object themselves in between. */
export function admissionOf({ parts, route }: HandlerContext, { operation, kind, object, call }: Admitting): Admission {
  const { namespace, name } = route.path
  const given = { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) }
  const request = ofKind({ operation, store: route.store, namespace, name, subresource: route.subresource?.name ?? '', object: given, old: undefined, call }, kind)
  return { mutate: () => parts.admission.mutate(request), validate: (changed) => parts.admission.validate({ ...request, object: changed }) }
}

/** Asks whether a connection may be made. What those who are asked change of its options is not followed. */
export async function admitConnection(context: HandlerContext, kind: string, options: JsonObject): Promise<void> {
  await admitted(context, { operation: 'CONNECT', kind: { group: '', version: 'v1', kind, schema: `io.k8s.api.core.v1.${kind}` }, object: options, call: readCall(context) })
}

/** The options of a terminal as its request says them; those that say nothing are left out. */
export function terminalOptions({ request: { query } }: HandlerContext, outputs: boolean): JsonObject {
  const flag = (name: string, otherwise = false): JsonObject => ((boolParameter(query, name) ?? otherwise) ? { [name]: true } : {})
  const container = textParameter(query, 'container')
  return { ...flag('stdin'), ...flag('stdout', outputs), ...flag('stderr', outputs), ...flag('tty'), ...(container !== '' && { container }) }
}

/** Of a proxied request: the path behind `proxy`. */
export const proxyOptions = ({ route }: HandlerContext): JsonObject => (route.path.rest === '' ? {} : { path: `/${route.path.rest}` })
