import type { VolumeMount } from '../../shared/model/gen/api.ts'

/** How far a mount's read-only word reaches. What is wanted "if possible" is possible here: both runtimes can. Pure. */
export const readOnlyOf = ({ readOnly, recursiveReadOnly }: Pick<VolumeMount, 'readOnly' | 'recursiveReadOnly'>): 'no' | 'yes' | 'recursive' =>
  readOnly !== true ? 'no' : recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible' ? 'recursive' : 'yes'
