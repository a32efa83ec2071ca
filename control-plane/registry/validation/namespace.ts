import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Namespace } from '../../../shared/model/gen/api.ts'

export const validateNewNamespace = (_object: Namespace): readonly FieldError[] => []
export const validateNamespaceChange = (_object: Namespace, _old: Namespace): readonly FieldError[] => []
