import type { Node } from '../../../shared/model/gen/api.ts'

export const nodeWarnings = (_node: Node): readonly string[] => []
