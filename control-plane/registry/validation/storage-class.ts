import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { StorageClass, TopologySelectorTerm, VolumeAttributesClass } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { labelValueProblems, qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each, objections, oneOf, requiredText, sortedEntries } from './check.ts'

const PARAMETERS_MAX = 512
const PARAMETERS_MAX_BYTES = 256 * 1024
export const IMMUTABLE = 'field is immutable'

/** Judged in lower case, and told so. */
const provisioner = (field: string, name: string | undefined): readonly FieldError[] => (name ? objections(field, name.toLowerCase(), qualifiedNameProblems(name.toLowerCase())) : requiredText(field, name))

function parameters(map: Readonly<Record<string, string>> | undefined, mayBeEmpty: boolean): readonly FieldError[] {
  const entries = sortedEntries(map)
  if (entries.length > PARAMETERS_MAX) return [tooLong('parameters', PARAMETERS_MAX)]
  const errors: FieldError[] = entries.flatMap(([key]) => (key === '' ? [invalid('parameters', key, 'field can not be empty.')] : []))
  if (entries.reduce((bytes, [key, value]) => bytes + byteLength(key) + byteLength(value), 0) > PARAMETERS_MAX_BYTES) errors.push(tooLong('parameters', PARAMETERS_MAX_BYTES))
  return mayBeEmpty || entries.length > 0 ? errors : [...errors, required('parameters', 'must contain at least one key/value pair')]
}

export const validateNewStorageClass = (one: StorageClass): readonly FieldError[] => [
  ...provisioner('provisioner', one.provisioner),
  ...parameters(one.parameters, true),
  ...(one.reclaimPolicy && !['Delete', 'Retain'].includes(one.reclaimPolicy) ? [notSupported('reclaimPolicy', one.reclaimPolicy, ['Delete', 'Retain'])] : []),
  ...(one.volumeBindingMode === undefined ? [required('volumeBindingMode')] : oneOf('volumeBindingMode', one.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'])),
  ...topologies(one.allowedTopologies),
]

/** What a class says is fixed; only whether its volumes may grow is not, nor which topologies are allowed. */
export function validateStorageClassChange(one: StorageClass, old: StorageClass): readonly FieldError[] {
  const errors: FieldError[] = []
  // A map without entries is none where it is stored, and is told from none where it comes in.
  if (!deepEqual(one.parameters, old.parameters)) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'))
  if (one.provisioner !== old.provisioner) errors.push(forbidden('provisioner', 'updates to provisioner are forbidden.'))
  if (one.reclaimPolicy !== old.reclaimPolicy) errors.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'))
  if (one.volumeBindingMode !== old.volumeBindingMode) errors.push(invalid('volumeBindingMode', one.volumeBindingMode ?? null, IMMUTABLE))
  return errors
}

/** So often is it told that terms are alike: of three hundred that are, each is told of for each. */
const MOST_ALIKE = 100_000

function topologies(terms: readonly TopologySelectorTerm[] | undefined): readonly FieldError[] {
  // Kubernetes begins with as many empty terms as there are terms: one that is empty is told of for each.
  const seen = new Map([['[]', (terms ?? []).length]])
  let room = MOST_ALIKE
  return each(terms, 'allowedTopologies', (term, at) => {
    const path = `${at}.matchLabelExpressions`
    const keys: Record<string, readonly string[]> = {}
    const errors = each(term.matchLabelExpressions, path, ({ key, values: listed }, place) => {
      // A list that is missing was left out by the decoder, whatever its type says.
      const values = (listed as readonly string[] | undefined) ?? []
      const own: FieldError[] = values.length === 0 ? [required(`${place}.values`)] : []
      own.push(...each(values, `${place}.values`, (value, field, index) => [...(values.indexOf(value) < index ? [duplicate(field, value)] : []), ...objections(field, value, labelValueProblems(value))]))
      own.push(...validateLabelName(key, `${place}.key`))
      if (Object.hasOwn(keys, key)) own.push(duplicate(`${place}.key`, key))
      keys[key] = [...new Set(values)].toSorted()
      return own
    })
    const said = JSON.stringify(sortedEntries(keys))
    const alike = seen.get(said) ?? 0
    seen.set(said, alike + 1)
    const told = Math.min(alike, room)
    room -= told
    return [...errors, ...Array.from({ length: told }, () => duplicate(path, ''))]
  })
}

export const validateNewVolumeAttributesClass = (one: VolumeAttributesClass): readonly FieldError[] => [...provisioner('driverName', one.driverName), ...parameters(one.parameters, false)]

export function validateVolumeAttributesClassChange(one: VolumeAttributesClass, old: VolumeAttributesClass): readonly FieldError[] {
  const errors: FieldError[] = []
  if (one.driverName !== old.driverName) errors.push(forbidden('driverName', 'updates to driverName are forbidden.'))
  if (!deepEqual(one.parameters ?? {}, old.parameters ?? {})) errors.push(forbidden('parameters', 'updates to parameters are forbidden.'))
  return [...errors, ...validateNewVolumeAttributesClass(one)]
}
