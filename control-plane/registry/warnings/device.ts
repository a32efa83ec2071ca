import type { ResourceSlice } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'

export const resourceSliceWarnings = ({ spec: { driver } }: ResourceSlice): readonly string[] =>
  driver === driver.toLowerCase() ? [] : [`spec.driver: driver names should be lowercase; ${goQuote(driver)} contains uppercase characters`]
