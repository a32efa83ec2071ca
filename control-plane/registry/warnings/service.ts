import type { Service } from '../../../shared/model/gen/api.ts'

export const serviceWarnings = (_service: Service): readonly string[] => []
