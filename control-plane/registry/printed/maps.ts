/** Maps as Go prints them: in the order of their keys, however the client sent them. */
import type { LabelSelector, ObjectMeta } from '../../../shared/model/gen/api.ts'

export type Texts = Readonly<Record<string, string>>

export const printedMap = (map: Texts): Texts => Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** `null` where there are none. */
export const printedLabels = (labels: Texts | undefined): Texts | null => (labels ? printedMap(labels) : null)

/** A selector with its fields, too, in the order in which messages print it. */
export function printedSelector({ matchLabels, matchExpressions }: LabelSelector): LabelSelector {
  return { ...(matchLabels && { matchLabels: printedMap(matchLabels) }), ...(matchExpressions && { matchExpressions: matchExpressions.map(({ key, operator, values }) => ({ key, operator, ...(values && { values }) })) }) }
}

/** What a template says of the metadata of its objects: labels before annotations, whoever sent them. */
export const printedMetadata = ({ labels, annotations, ...rest }: ObjectMeta): ObjectMeta => ({ ...rest, ...(labels && { labels: printedMap(labels) }), ...(annotations && { annotations: printedMap(annotations) }) })
