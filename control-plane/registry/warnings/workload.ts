import type { Deployment, ReplicaSet } from '../../../shared/model/gen/api.ts'

export const deploymentWarnings = (_deployment: Deployment): readonly string[] => []
export const replicaSetWarnings = (_replicaSet: ReplicaSet): readonly string[] => []
