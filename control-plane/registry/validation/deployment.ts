import type { FieldError } from '../../../shared/model/field-error.ts'
import type { Deployment } from '../../../shared/model/gen/api.ts'

export const validateNewDeployment = (_object: Deployment): readonly FieldError[] => []
export const validateDeploymentChange = (_object: Deployment, _old: Deployment): readonly FieldError[] => []
