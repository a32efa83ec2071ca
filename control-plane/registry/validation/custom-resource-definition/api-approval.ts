/** Groups of the Kubernetes project itself need a word that they may be used. PURE. */
import { type FieldError, invalid, required } from '../../../../shared/model/field-error.ts'

export const APPROVAL_ANNOTATION = 'api-approved.kubernetes.io'
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111'

export const isProtectedGroup = (group: string): boolean => /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group)

export interface Approval {
  readonly state: 'missing' | 'bypassed' | 'invalid' | 'approved'
  readonly message: string
}

export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): Approval {
  const text = annotations?.[APPROVAL_ANNOTATION] ?? ''
  if (text === '') return { state: 'missing', message: `protected groups must have approval annotation "${APPROVAL_ANNOTATION}", ${SEE}` }
  if (text.startsWith('unapproved')) return { state: 'bypassed', message: `not approved: ${JSON.stringify(text)}` }
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/\s]+/.test(text)) return { state: 'approved', message: `approved in ${text}` }
  return { state: 'invalid', message: `protected groups must have approval annotation "${APPROVAL_ANNOTATION}" with either a URL or a reason starting with "unapproved", ${SEE}` }
}

export function validateApproval(group: string, annotations: Readonly<Record<string, string>> | undefined): readonly FieldError[] {
  if (!isProtectedGroup(group)) return []
  const { state, message } = approvalOf(annotations)
  const path = `metadata.annotations[${APPROVAL_ANNOTATION}]`
  if (state === 'missing') return [required(path, message)]
  return state === 'invalid' ? [invalid(path, annotations?.[APPROVAL_ANNOTATION] ?? '', message)] : []
}
