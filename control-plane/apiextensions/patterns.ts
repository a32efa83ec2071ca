/** Patterns in schemas are rare enough: what reads them is loaded when the first definition has some. */
import { hasPatterns, usePatterns } from '../../shared/model/structural/patterns.ts'
import { type PropsSchema, schemasIn } from '../../shared/model/structural/schema.ts'

/** `undefined` where it makes no difference: the schemas have no patterns, or patterns are judged already. */
export const loadPatterns = (schemas: readonly PropsSchema[]): Promise<void> | undefined =>
  hasPatterns() || !schemas.some((schema) => schemasIn(schema).some(({ pattern }) => pattern)) ? undefined : loadEngine()

async function loadEngine(): Promise<void> {
  const { re2Patterns } = await import('../../shared/kit/re2.ts')
  usePatterns(re2Patterns)
}
