import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { required, notSupported } from '../../../shared/model/field-error.ts'
import { checkNamespace } from '../core/create.ts'
import { metadataOf, metaText } from '../core/stored.ts'
import { readBody } from '../handlers/bodies.ts'
import { atOf, writeOptions, type Handler } from '../handlers/context.ts'
import { statusBody } from '../representations/write.ts'
import { badRequest, plainError, success } from '../status.ts'
import { admitted } from './admit.ts'
import { bind } from './binding.ts'

const bindingKind = { group: '', version: 'v1', kind: 'Binding', schema: 'io.k8s.api.core.v1.Binding' } as const

/** `pods/NAME/binding`. */
export const podBindingHandler: Handler = async (context) => {
  const { query, call } = writeOptions(context, 'CreateOptions')
  const body = readBody(context.request, { expected: bindingKind, validation: query.fieldValidation, warn: call.warn })
  const { namespace, name } = atOf(context)
  checkNamespace(metaText(body, 'namespace'), namespace)
  const at = { namespace, name: name === '' ? metaText(body, 'name') : name }
  if (at.name === '') throw badRequest('Name parameter required.')
  if (metaText(body, 'name') !== at.name) throw badRequest('name in URL does not match name in Binding object')
  targetOf(body)
  const admittedBinding = await admitted(context, { operation: 'CREATE', kind: bindingKind, object: body, call })
  const nodeName = targetOf(admittedBinding)
  const { annotations, labels } = metadataOf(admittedBinding)
  await bind(context.parts, call, { at, binding: { nodeName, uid: metaText(body, 'uid'), annotations: stringsOf(annotations), labels: stringsOf(labels) } })
  return statusBody(success(undefined, 201), context.representation)
}

/** Kubernetes lets these mistakes through as errors without a reason. */
function targetOf({ target }: JsonObject): string {
  const { kind = '', name = '' } = isJsonObject(target) ? target : {}
  if (kind !== '' && kind !== 'Node') {
    const error = notSupported('target.kind', kind, ['Node', '<empty>'])
    throw plainError(`${error.field}: ${error.message}`)
  }
  if (typeof name !== 'string' || name === '') throw plainError(`target.name: ${required('target.name').message}`)
  return name
}

const stringsOf = (value: unknown): Readonly<Record<string, string>> => (isJsonObject(value) ? (value as Readonly<Record<string, string>>) : {})
