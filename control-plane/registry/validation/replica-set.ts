import type { FieldError } from '../../../shared/model/field-error.ts'
import type { ReplicaSet } from '../../../shared/model/gen/api.ts'

export const validateNewReplicaSet = (_object: ReplicaSet): readonly FieldError[] => []
export const validateReplicaSetChange = (_object: ReplicaSet, _old: ReplicaSet): readonly FieldError[] => []
