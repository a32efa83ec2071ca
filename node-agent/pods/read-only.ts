import type { Volume, VolumeMount } from '../../shared/model/gen/api.ts'

/** How far a mount's read-only word reaches. What is wanted "if possible" is possible here: both runtimes can. Pure. */
export const readOnlyOf = ({ readOnly, recursiveReadOnly }: Pick<VolumeMount, 'readOnly' | 'recursiveReadOnly'>): 'no' | 'yes' | 'recursive' =>
  readOnly !== true ? 'no' : recursiveReadOnly === 'Enabled' || recursiveReadOnly === 'IfPossible' ? 'recursive' : 'yes'

/** Volumes that nobody may write to, whatever their mounts say: what is in them is given, or the claim is used for reading alone (kubelet: their attributes are read-only). */
export const isGiven = ({ configMap, secret, downwardAPI, projected, image, persistentVolumeClaim }: Volume): boolean => persistentVolumeClaim?.readOnly === true || [configMap, secret, downwardAPI, projected, image].some((one) => one !== undefined)
