import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Node } from '../../../shared/model/gen/api.ts'

export const validateNewNode = (_object: Node): readonly FieldError[] => []
export const validateNodeChange = (_object: Node, _old: Node): readonly FieldError[] => []
