/**
 * What the schemas do not say of Kubernetes' types and yet shows in its answers: which scalars are pointers (so that 0, "" and false
 * are kept), which fields print although they are empty, and the names that decoding errors use. Short type names; `group.v1.Type` where two
 * groups share one. Known from the types themselves and from what a server answered.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const pointers: Readonly<Record<string, string>> = {
  AllocatedDeviceStatus: 'shareID',
  AppArmorProfile: 'localhostProfile',
  AzureDiskVolumeSource: 'cachingMode fsType readOnly',
  AzureFilePersistentVolumeSource: 'secretNamespace',
  BasicDevice: 'allNodes nodeName',
  CSIDriverSpec: 'attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount preventPodSchedulingIfMissing requiresRepublish seLinuxMount serviceAccountTokenInSecrets storageCapacity',
  CSIVolumeSource: 'fsType readOnly',
  CertificateSigningRequestSpec: 'expirationSeconds',
  ClientIPConfig: 'timeoutSeconds',
  ClusterTrustBundleProjection: 'name optional signerName',
  ConfigMap: 'immutable',
  ConfigMapEnvSource: 'optional',
  ConfigMapKeySelector: 'optional',
  ConfigMapProjection: 'optional',
  ConfigMapVolumeSource: 'defaultMode optional',
  Container: 'restartPolicy',
  ContainerStatus: 'started stopSignal',
  CronJobSpec: 'failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone',
  CustomResourceDefinitionVersion: 'deprecationWarning',
  CustomResourceSubresourceScale: 'labelSelectorPath',
  DaemonSetSpec: 'revisionHistoryLimit',
  DaemonSetStatus: 'collisionCount',
  DeleteOptions: 'gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy',
  DeploymentSpec: 'progressDeadlineSeconds replicas revisionHistoryLimit',
  DeploymentStatus: 'collisionCount terminatingReplicas',
  Device: 'allNodes allowMultipleAllocations bindsToNode nodeName',
  DeviceAttribute: 'bool int string version',
  DeviceClassSpec: 'extendedResourceName',
  DeviceConstraint: 'distinctAttribute matchAttribute',
  DeviceRequestAllocationResult: 'adminAccess shareID',
  DeviceToleration: 'tolerationSeconds',
  DownwardAPIVolumeFile: 'mode',
  DownwardAPIVolumeSource: 'defaultMode',
  Endpoint: 'hostname nodeName zone',
  EndpointAddress: 'nodeName',
  EndpointConditions: 'ready serving terminating',
  'core.v1.EndpointPort': 'appProtocol',
  'discovery.v1.EndpointPort': 'appProtocol name port protocol',
  EphemeralContainer: 'restartPolicy',
  ExactDeviceRequest: 'adminAccess',
  ExemptPriorityLevelConfiguration: 'lendablePercent nominalConcurrencyShares',
  FCVolumeSource: 'lun',
  FileKeySelector: 'optional',
  GRPCAction: 'service',
  GlusterfsPersistentVolumeSource: 'endpointsNamespace',
  HPAScalingRules: 'selectPolicy stabilizationWindowSeconds',
  HTTPIngressPath: 'pathType',
  HorizontalPodAutoscalerSpec: 'minReplicas targetCPUUtilizationPercentage',
  HorizontalPodAutoscalerStatus: 'currentCPUUtilizationPercentage observedGeneration',
  HostPathVolumeSource: 'type',
  ISCSIPersistentVolumeSource: 'initiatorName',
  ISCSIVolumeSource: 'initiatorName',
  IngressClassParametersReference: 'apiGroup namespace scope',
  IngressPortStatus: 'error',
  IngressSpec: 'ingressClassName',
  JSONSchemaProps: 'maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-preserve-unknown-fields',
  JobSpec: 'activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes parallelism podReplacementPolicy suspend ttlSecondsAfterFinished',
  JobStatus: 'failedIndexes ready terminating',
  KeyToPath: 'mode',
  LeaseSpec: 'holderIdentity leaseDurationSeconds leaseTransitions preferredHolder strategy',
  Lifecycle: 'stopSignal',
  LimitedPriorityLevelConfiguration: 'borrowingLimitPercent lendablePercent nominalConcurrencyShares',
  ListMeta: 'remainingItemCount',
  LoadBalancerIngress: 'ipMode',
  LocalVolumeSource: 'fsType',
  MatchResources: 'matchPolicy',
  MetricTarget: 'averageUtilization',
  MetricValueStatus: 'averageUtilization',
  MutatingAdmissionPolicySpec: 'failurePolicy',
  MutatingWebhook: 'failurePolicy matchPolicy reinvocationPolicy sideEffects timeoutSeconds',
  NamedRuleWithOperations: 'scope',
  NetworkPolicyPort: 'endPort protocol',
  NodeAllocatableResourceMapping: 'capacityKey',
  NodeFeatures: 'supplementalGroupsPolicy',
  NodeRuntimeHandlerFeatures: 'recursiveReadOnlyMounts userNamespaces',
  NodeSwapStatus: 'capacity',
  ObjectMeta: 'deletionGracePeriodSeconds',
  OwnerReference: 'blockOwnerDeletion controller',
  ParamRef: 'parameterNotFoundAction',
  PersistentVolumeClaimSpec: 'storageClassName volumeAttributesClassName volumeMode',
  PersistentVolumeClaimStatus: 'currentVolumeAttributesClassName',
  PersistentVolumeSpec: 'volumeAttributesClassName volumeMode',
  PodCertificateProjection: 'maxExpirationSeconds',
  PodDNSConfigOption: 'value',
  PodDisruptionBudgetSpec: 'unhealthyPodEvictionPolicy',
  PodFailurePolicyOnExitCodesRequirement: 'containerName',
  PodResourceClaim: 'resourceClaimName resourceClaimTemplateName',
  PodResourceClaimStatus: 'resourceClaimName',
  PodSchedulingGroup: 'podGroupName',
  PodSecurityContext: 'fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy supplementalGroupsPolicy',
  PodSpec: 'activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostUsers hostnameOverride preemptionPolicy priority runtimeClassName setHostnameAsFQDN shareProcessNamespace terminationGracePeriodSeconds',
  PortStatus: 'error',
  Preconditions: 'resourceVersion uid',
  PriorityClass: 'preemptionPolicy',
  Probe: 'terminationGracePeriodSeconds',
  ProjectedVolumeSource: 'defaultMode',
  ReplicaSetSpec: 'replicas',
  ReplicaSetStatus: 'terminatingReplicas',
  ReplicationControllerSpec: 'replicas',
  ResourceSliceSpec: 'allNodes nodeName perDeviceNodeSelection',
  RollingUpdateStatefulSetStrategy: 'partition',
  RuleWithOperations: 'scope',
  SeccompProfile: 'localhostProfile',
  Secret: 'immutable',
  SecretEnvSource: 'optional',
  SecretKeySelector: 'optional',
  SecretProjection: 'optional',
  SecretVolumeSource: 'defaultMode optional',
  SecurityContext: 'allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser',
  ServiceAccount: 'automountServiceAccountToken',
  ServiceAccountTokenProjection: 'expirationSeconds',
  ServicePort: 'appProtocol',
  ServiceReference: 'path port',
  ServiceSpec: 'allocateLoadBalancerNodePorts internalTrafficPolicy ipFamilyPolicy loadBalancerClass trafficDistribution',
  StatefulSetSpec: 'replicas revisionHistoryLimit',
  StatefulSetStatus: 'collisionCount',
  StorageClass: 'allowVolumeExpansion reclaimPolicy volumeBindingMode',
  SuccessPolicyRule: 'succeededCount succeededIndexes',
  TokenRequest: 'expirationSeconds',
  TokenRequestSpec: 'expirationSeconds',
  Toleration: 'tolerationSeconds',
  TopologySpreadConstraint: 'minDomains nodeAffinityPolicy nodeTaintsPolicy',
  TypedLocalObjectReference: 'apiGroup',
  TypedObjectReference: 'apiGroup namespace',
  ValidatingAdmissionPolicySpec: 'failurePolicy',
  ValidatingWebhook: 'failurePolicy matchPolicy sideEffects timeoutSeconds',
  Validation: 'reason',
  ValidationRule: 'optionalOldSelf reason',
  VolumeAttachmentSource: 'persistentVolumeName',
  VolumeError: 'errorCode',
  VolumeMount: 'mountPropagation recursiveReadOnly',
  VolumeMountStatus: 'recursiveReadOnly',
  VolumeNodeResources: 'count',
  WebhookClientConfig: 'url',
  WindowsSecurityContextOptions: 'gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName',
}

/** Optional by schema, and yet printed when empty: `null` for lists and times, `""` and `0` for scalars. */
const printedEmpty: Readonly<Record<string, string>> = {
  ContainerStateRunning: 'startedAt',
  ContainerStateTerminated: 'finishedAt startedAt',
  CustomResourceDefinitionStatus: 'acceptedNames conditions storedVersions',
  EndpointSlice: 'endpoints ports',
  Event: 'eventTime firstTimestamp lastTimestamp reportingComponent reportingInstance',
  'events.v1.Event': 'deprecatedFirstTimestamp deprecatedLastTimestamp eventTime',
  EventSeries: 'lastObservedTime',
  FlowSchemaSpec: 'matchingPrecedence',
  HorizontalPodAutoscalerStatus: 'currentMetrics',
  PodDisruptionBudgetStatus: 'currentHealthy desiredHealthy disruptionsAllowed expectedPods',
  PriorityClass: 'value',
  ProjectedVolumeSource: 'sources',
  QueuingConfiguration: 'handSize queueLengthLimit queues',
  ClusterRole: 'rules',
  Role: 'rules',
  StatefulSetSpec: 'serviceName',
  StatefulSetStatus: 'availableReplicas',
  TokenRequestSpec: 'boundObjectRef',
  TokenRequestStatus: 'token',
}

/** Required lists that print `null` when a client leaves them out or sends null; others are left out here, for validation to miss. */
const printedNull: Readonly<Record<string, string>> = { CSINodeSpec: 'drivers', PodFailurePolicy: 'rules', EndpointSlice: 'endpoints', Role: 'rules', ClusterRole: 'rules' }

/** Required, and yet left out when empty: to Go's JSON they are optional. */
const omitted: Readonly<Record<string, string>> = { ValidatingAdmissionPolicyBindingSpec: 'validationActions', CounterSet: 'counters', DeviceCounterConsumption: 'counters' }

/** What tells an empty one from none in a refusal. */
const keptEmpty: Readonly<Record<string, string>> = { PersistentVolumeSpec: 'capacity', IngressSpec: 'rules', HPAScalingRules: 'policies' }

/** Structs written into others: their names stand in the paths of decoding errors. `!a b` means every field but these. */
const inlined: Readonly<Record<string, readonly [name: string, fields: string]>> = {
  Volume: ['VolumeSource', '!name'],
  Probe: ['ProbeHandler', 'exec httpGet tcpSocket grpc'],
  PersistentVolumeSpec: ['PersistentVolumeSource', '!capacity accessModes claimRef persistentVolumeReclaimPolicy storageClassName mountOptions volumeMode nodeAffinity volumeAttributesClassName'],
  EphemeralContainer: ['EphemeralContainerCommon', '!targetContainerName'],
  ConfigMapEnvSource: ['LocalObjectReference', 'name'],
  ConfigMapKeySelector: ['LocalObjectReference', 'name'],
  ConfigMapProjection: ['LocalObjectReference', 'name'],
  ConfigMapVolumeSource: ['LocalObjectReference', 'name'],
  SecretEnvSource: ['LocalObjectReference', 'name'],
  SecretKeySelector: ['LocalObjectReference', 'name'],
  SecretProjection: ['LocalObjectReference', 'name'],
}

/** Named scalar and map types, where an error names them; everything else has the plain type. */
const namedTypes: Readonly<Record<string, string>> = {
  'PodSpec.restartPolicy': 'v1.RestartPolicy',
  'PodSpec.dnsPolicy': 'v1.DNSPolicy',
  'PodSpec.preemptionPolicy': 'v1.PreemptionPolicy',
  'Container.imagePullPolicy': 'v1.PullPolicy',
  'Container.terminationMessagePolicy': 'v1.TerminationMessagePolicy',
  'Container.restartPolicy': 'v1.ContainerRestartPolicy',
  'ContainerPort.protocol': 'v1.Protocol',
  'ServicePort.protocol': 'v1.Protocol',
  'NetworkPolicyPort.protocol': 'v1.Protocol',
  'ServiceSpec.type': 'v1.ServiceType',
  'ServiceSpec.sessionAffinity': 'v1.ServiceAffinity',
  'ServiceSpec.externalTrafficPolicy': 'v1.ServiceExternalTrafficPolicy',
  'ServiceSpec.internalTrafficPolicy': 'v1.ServiceInternalTrafficPolicy',
  'ServiceSpec.ipFamilyPolicy': 'v1.IPFamilyPolicy',
  'ServiceSpec.ipFamilies': '[]v1.IPFamily',
  'Secret.type': 'v1.SecretType',
  'Toleration.operator': 'v1.TolerationOperator',
  'Toleration.effect': 'v1.TaintEffect',
  'Taint.effect': 'v1.TaintEffect',
  'HTTPGetAction.scheme': 'v1.URIScheme',
  'DeploymentStrategy.type': 'v1.DeploymentStrategyType',
  'LabelSelectorRequirement.operator': 'v1.LabelSelectorOperator',
  'NodeSelectorRequirement.operator': 'v1.NodeSelectorOperator',
  'ObjectMeta.uid': 'types.UID',
  'OwnerReference.uid': 'types.UID',
  'ObjectReference.uid': 'types.UID',
  'PersistentVolumeClaimSpec.accessModes': '[]v1.PersistentVolumeAccessMode',
  'PersistentVolumeSpec.accessModes': '[]v1.PersistentVolumeAccessMode',
  'PersistentVolumeSpec.persistentVolumeReclaimPolicy': 'v1.PersistentVolumeReclaimPolicy',
  'JobSpec.completionMode': 'v1.CompletionMode',
  'CronJobSpec.concurrencyPolicy': 'v1.ConcurrencyPolicy',
}

/** `io.k8s.api.core.v1.Pod` → `Pod`. */
export const shortName = (schemaName: string): string => schemaName.slice(schemaName.lastIndexOf('.') + 1)
/** `io.k8s.api.core.v1.Pod` → `v1.Pod`, as Go prints the type. */
export const goName = (schemaName: string): string => schemaName.split('.').slice(-2).join('.')
const groupName = (schemaName: string): string => schemaName.split('.').slice(-3).join('.')

const listed = (table: Readonly<Record<string, string>>, schemaName: string): ReadonlySet<string> => {
  const text = table[groupName(schemaName)] ?? table[shortName(schemaName)]
  return text === undefined ? none : words(text)
}
const none: ReadonlySet<string> = new Set()

export interface GoStruct {
  readonly pointers: ReadonlySet<string>
  readonly printedEmpty: ReadonlySet<string>
  readonly printedNull: ReadonlySet<string>
  readonly keptEmpty: ReadonlySet<string>
  readonly omitted: ReadonlySet<string>
  /** Name of the inlined struct that a field belongs to, if it does. */
  inlinedIn(field: string): string | undefined
  namedType(field: string): string | undefined
}

export function goStruct(schemaName: string): GoStruct {
  const short = shortName(schemaName)
  const inline = inlined[short]
  const except = inline?.[1].startsWith('!') ?? false
  const fields = inline ? words(inline[1].replace('!', '')) : none
  return {
    pointers: listed(pointers, schemaName),
    printedEmpty: listed(printedEmpty, schemaName),
    printedNull: listed(printedNull, schemaName),
    keptEmpty: listed(keptEmpty, schemaName),
    omitted: listed(omitted, schemaName),
    inlinedIn: (field) => (inline && fields.has(field) !== except ? inline[0] : undefined),
    namedType: (field) => namedTypes[`${short}.${field}`],
  }
}

/** Times of conditions are values, not pointers: they print `null`. */
export const isConditionTime = (schemaName: string, field: string): boolean => shortName(schemaName).endsWith('Condition') && /^last\w+Time$/.test(field)
