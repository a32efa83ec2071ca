import type { RuntimeClass } from '../../../shared/model/gen/api.ts'
import { oldLabel } from './node-labels.ts'

export const runtimeClassWarnings = ({ scheduling }: RuntimeClass): readonly string[] =>
  Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => (oldLabel(key) === undefined ? [] : [`scheduling.nodeSelector: deprecated node label ${JSON.stringify(key)} is ${oldLabel(key)}`]))
