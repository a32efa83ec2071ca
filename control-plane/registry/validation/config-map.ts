import type { FieldError } from '../../../shared/model/field-error.ts'
import type { ConfigMap } from '../../../shared/model/gen/api.ts'

export const validateNewConfigMap = (_object: ConfigMap): readonly FieldError[] => []
export const validateConfigMapChange = (_object: ConfigMap, _old: ConfigMap): readonly FieldError[] => []
