import { type FieldError, forbidden, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { inclusiveRange } from '../../../shared/model/validation/numbers.ts'
import { dnsSubdomain } from './check.ts'
import { validateVolumeSpec } from './persistent-volume.ts'
import { validateCsiDriverName } from './volume-disks.ts'

const EXACTLY_ONE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'
const METADATA_MAX_BYTES = 256 * 1024
const MESSAGE_MAX_BYTES = 1024

const specOf = (one: VolumeAttachment): Partial<VolumeAttachment['spec']> => (one.spec as VolumeAttachment['spec'] | undefined) ?? {}

/** What every attachment must be, also an old one. */
function validate(one: VolumeAttachment): readonly FieldError[] {
  const { attacher = '', source = {}, nodeName = '' } = specOf(one)
  return [
    ...(attacher === '' ? [required('spec.attacher')] : []),
    ...validateSource(source, 'spec.source'),
    ...dnsSubdomain('spec.nodeName', nodeName),
    ...validateStatus(one),
  ]
}

export function validateNewVolumeAttachment(one: VolumeAttachment): readonly FieldError[] {
  const { attacher = '', source } = specOf(one)
  const name = source?.persistentVolumeName
  return [...validate(one), ...(attacher === '' ? [] : validateCsiDriverName(attacher, 'spec.attacher')), ...(name === undefined ? [] : dnsSubdomain('spec.source.persistentVolumeName', name))]
}

export function validateVolumeAttachmentChange(one: VolumeAttachment, old: VolumeAttachment): readonly FieldError[] {
  return deepEqual(one.spec, old.spec) ? validate(one) : [...validate(one), invalid('spec', printed(one), 'field is immutable')]
}

/** As Kubernetes' internal type prints it. */
function printed(one: VolumeAttachment): object {
  const { attacher = '', source = {}, nodeName = '' } = specOf(one)
  return { Attacher: attacher, Source: { PersistentVolumeName: source.persistentVolumeName ?? null, InlineVolumeSpec: source.inlineVolumeSpec ?? null }, NodeName: nodeName }
}

function validateSource({ inlineVolumeSpec: inline, persistentVolumeName: name }: VolumeAttachmentSource, path: string): readonly FieldError[] {
  if (inline && name !== undefined) return [forbidden(path, EXACTLY_ONE)]
  if (inline) return validateVolumeSpec(inline, `${path}.inlineVolumeSpec`, { inline: true })
  if (name === undefined) return [required(path, EXACTLY_ONE)]
  return name === '' ? [required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')] : []
}

function validateStatus({ status }: VolumeAttachment): readonly FieldError[] {
  const bytes = Object.entries(status?.attachmentMetadata ?? {}).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0)
  return [
    ...(bytes > METADATA_MAX_BYTES ? [tooLong('status.attachmentMetadata', METADATA_MAX_BYTES)] : []),
    ...validateError(status?.attachError, 'status.attachError'),
    ...validateError(status?.detachError, 'status.detachError'),
  ]
}

function validateError(error: VolumeError | undefined, path: string): readonly FieldError[] {
  if (!error) return []
  const { message = '', errorCode } = error
  return [
    // Kubernetes names the wrong limit here.
    ...(byteLength(message) > MESSAGE_MAX_BYTES ? [tooLong(`${path}.message`, METADATA_MAX_BYTES)] : []),
    ...(errorCode !== undefined && errorCode < 0 ? [invalid(`${path}.errorCode`, errorCode, inclusiveRange(0, 2 ** 31 - 1))] : []),
  ]
}
