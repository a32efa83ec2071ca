import type { Quantity } from '../../shared/model/gen/api.ts'

/** Amounts by resource name as they are stored: canonical texts (a JSON number was made one when the object was decoded). */
export type ResourceList = Readonly<Record<string, string>>

/** The same in the generated types, which allow for JSON numbers. */
export type QuantityList = Readonly<Record<string, Quantity>>

export const amountsOf = (list: QuantityList | undefined): ResourceList => (list ?? {}) as ResourceList
