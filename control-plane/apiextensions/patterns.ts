/** Patterns in schemas are rare enough: what reads them is loaded when the first definition has some. */
import { hasPatterns, usePatterns } from '../../shared/model/structural/patterns.ts'
import { type PropsSchema, schemasIn } from '../../shared/model/structural/schema.ts'

/** Whether it made a difference: patterns of this schema were not judged until now. */
export async function loadPatterns(schema: PropsSchema): Promise<boolean> {
  if (hasPatterns() || !schemasIn(schema).some(({ pattern }) => pattern)) return false
  const { re2Patterns } = await import('../../shared/kit/re2.ts')
  usePatterns(re2Patterns)
  return true
}
