import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'

export const validateNewPod = (_object: Pod): readonly FieldError[] => []
export const validatePodChange = (_object: Pod, _old: Pod): readonly FieldError[] => []
