import type { Pod } from '../../shared/model/gen/api.ts'

/** Whether a pod comes from a file of the node: its uid is the hash of the file, which no object of the API has. Pure. */
export const isStatic = ({ metadata: { uid, annotations } }: Pod): boolean => uid !== undefined && annotations?.['kubernetes.io/config.source'] === 'file' && annotations['kubernetes.io/config.hash'] === uid
