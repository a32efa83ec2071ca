import type { Pod } from '../../../shared/model/gen/api.ts'

export const podWarnings = (_pod: Pod): readonly string[] => []
