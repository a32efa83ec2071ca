/** The door of this room: all controllers, run together by whoever leads. */
import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import { events, type Resource } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import type { NodeLiveness } from '../dispatch/liveness-port.ts'
import { createCustomInformers, type CustomInformers } from '../informers/custom.ts'
import type { Informers } from '../informers/port.ts'
import { createApiServicesController } from './apiservices/reconcile.ts'
import { createClusterRoleAggregationController } from './clusterroleaggregation/reconcile.ts'
import { createCertificateCleaner } from './certificates/cleaner.ts'
import type { ClientCertificateSigner } from './certificates/port.ts'
import { createCertificatesController } from './certificates/reconcile.ts'
import type { Controller, ControllerParts } from './controller.ts'
import { createCustomResourcesController } from './customresources/reconcile.ts'
import { createDeploymentController } from './deployment/reconcile.ts'
import { createDisruptionController } from './disruption/reconcile.ts'
import { createStaleDisruptionController } from './disruption/stale-reconcile.ts'
import { createEndpointsController } from './endpoints/reconcile.ts'
import { createEndpointSliceController } from './endpointslice/reconcile.ts'
import { createEndpointSliceMirroringController } from './endpointslicemirroring/reconcile.ts'
import { createEventRecorder } from './events/recorder.ts'
import { createEventTtlController } from './eventttl/reconcile.ts'
import { createEphemeralVolumeController } from './ephemeralvolume/reconcile.ts'
import { createFlowSchemaController } from './flowschema/reconcile.ts'
import { createGarbageController } from './garbage/reconcile.ts'
import { createAutoscalerController, type MeasurePods } from './horizontalpodautoscaler/reconcile.ts'
import { createNamespaceController } from './namespace/reconcile.ts'
import { createNodeIpamController } from './nodeipam/reconcile.ts'
import { createNodeLifecycleController } from './nodelifecycle/reconcile.ts'
import { createPersistentVolumeController } from './persistentvolume/reconcile.ts'
import { createPodGcController } from './podgc/reconcile.ts'
import { createReplicaSetController } from './replicaset/reconcile.ts'
import { createReplicationControllerController } from './replicationcontroller/reconcile.ts'
import { createResourceClaimController } from './resourceclaim/reconcile.ts'
import { createResourceQuotaController } from './resourcequota/reconcile.ts'
import { createRootCaController } from './root-ca/reconcile.ts'
import { runController, type ControllerMetrics } from './runner.ts'
import { createServiceAccountController } from './serviceaccount/reconcile.ts'
import type { SecretTokenSigner } from './serviceaccounttoken/port.ts'
import { createServiceAccountTokenController } from './serviceaccounttoken/reconcile.ts'
import { createStorageProtectionController } from './storageprotection/reconcile.ts'
import { createTaintEvictionController } from './tainteviction/reconcile.ts'
import { createValidatingAdmissionPolicyController } from './validatingadmissionpolicy/reconcile.ts'
import { createWorkloadStatusControllers } from './workloadstatus/reconcile.ts'

export interface ControllersOptions {
  readonly client: ApiClient
  /** Run by the caller. */
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly liveness: NodeLiveness
  /** Nodes' pod ranges are cut from it: `10.244.0.0/16`. */
  readonly clusterCidr: string
  /** Of the cluster's CA, for pods that speak with the API server. */
  readonly rootCaPem: string
  /** Left out: Secrets that ask for a token of a service account stay empty. */
  readonly secretTokens?: SecretTokenSigner | undefined
  /** Left out: approved requests for certificates wait. */
  readonly clientCertificates?: ClientCertificateSigner | undefined
  /** Every resource that is stored: what the garbage collector follows and a namespace may hold. */
  readonly resources: readonly Resource[]
  readonly metrics?: ControllerMetrics | undefined
  /** What pods use, for autoscalers; left out: it cannot be had. */
  readonly measurePods?: MeasurePods | undefined
}

export interface Controllers {
  /** Waits for the informers, then works until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

export function createControllers(options: ControllersOptions): Controllers {
  const { client, informers, clock, random, log, metrics } = options
  const recorder = createEventRecorder({ client, clock, log })
  const custom = createCustomInformers({ client, informers, clock, log })
  const controllers = allControllers({ client, informers, clock, random, log, events: recorder }, { ...options, custom })
  return {
    async run(signal) {
      await informers.whenSynced(signal)
      await Promise.all([recorder.run(signal), custom.run(signal), ...controllers.map((controller) => runController(controller, { clock, log, metrics }, signal))])
    },
  }
}

function allControllers(parts: ControllerParts, { liveness, clusterCidr, rootCaPem, secretTokens, clientCertificates, resources, custom, measurePods }: ControllersOptions & { readonly custom: CustomInformers }): readonly Controller[] {
  return [
    createReplicaSetController(parts),
    createReplicationControllerController(parts),
    createDeploymentController(parts),
    createDisruptionController(parts),
    createStaleDisruptionController(parts),
    ...createWorkloadStatusControllers(parts),
    createAutoscalerController(parts, measurePods),
    createEndpointSliceController(parts),
    createEndpointsController(parts),
    createEndpointSliceMirroringController(parts),
    createCustomResourcesController(parts),
    createApiServicesController(parts),
    createServiceAccountController(parts),
    createRootCaController(parts, rootCaPem),
    ...(secretTokens ? [createServiceAccountTokenController(parts, { caPem: rootCaPem, signer: secretTokens })] : []),
    createClusterRoleAggregationController(parts),
    ...(clientCertificates ? [createCertificatesController(parts, clientCertificates)] : []),
    createCertificateCleaner(parts),
    createNodeLifecycleController(parts, liveness),
    createTaintEvictionController(parts, liveness),
    createNodeIpamController(parts, { liveness, clusterCidr }),
    createNamespaceController(parts, resources, custom),
    createGarbageController(parts, resources.filter(isOwnable), custom),
    createPodGcController(parts, liveness),
    createPersistentVolumeController(parts),
    createStorageProtectionController(parts),
    createResourceClaimController(parts),
    createEphemeralVolumeController(parts),
    createResourceQuotaController(parts, resources.filter(isOwnable), custom),
    createEventTtlController(parts),
    createFlowSchemaController(parts),
    createValidatingAdmissionPolicyController(parts),
  ]
}

/** Events come in masses, own nothing, and end by themselves. */
const isOwnable = ({ group, plural }: Resource): boolean => plural !== events.plural || (group !== events.group && group !== 'events.k8s.io')
