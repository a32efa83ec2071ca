/**
 * The fields of Kubernetes' internal types, in their order: messages that quote an object print all of them, by these names, whether set or not.
 * After the colon: `s` text, `n` number, `b` boolean (printed when empty); `p` a pointer, `l` a list, `m` a map (null when absent), each with
 * the type it leads to; `o` a struct in place; `j` what prints as in the API. `+Type` inlines the fields of another type.
 */
const types: Readonly<Record<string, string>> = {
  PodSpec:
    'Volumes:l/Volume InitContainers:l/Container Containers:l/Container EphemeralContainers:l/EphemeralContainer RestartPolicy:s TerminationGracePeriodSeconds:p ActiveDeadlineSeconds:p DNSPolicy:s NodeSelector:m ServiceAccountName:s AutomountServiceAccountToken:p NodeName:s SecurityContext:p/PodSecurityContext ImagePullSecrets:l/LocalObjectReference Hostname:s Subdomain:s SetHostnameAsFQDN:p Affinity:p/Affinity SchedulerName:s Tolerations:l/Toleration HostAliases:l/HostAlias PriorityClassName:s Priority:p PreemptionPolicy:p DNSConfig:p/PodDNSConfig ReadinessGates:l/PodReadinessGate RuntimeClassName:p Overhead:m EnableServiceLinks:p TopologySpreadConstraints:l/TopologySpreadConstraint OS:p/PodOS SchedulingGates:l/PodSchedulingGate ResourceClaims:l/PodResourceClaim Resources:p/ResourceRequirements HostnameOverride:p SchedulingGroup:p',
  PodSecurityContext:
    'HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:p HostUsers:p SELinuxOptions:p/SELinuxOptions WindowsOptions:p/WindowsOptions RunAsUser:p RunAsGroup:p RunAsNonRoot:p SupplementalGroups:l SupplementalGroupsPolicy:p FSGroup:p FSGroupChangePolicy:p Sysctls:l/Sysctl SeccompProfile:p/Profile AppArmorProfile:p/Profile SELinuxChangePolicy:p',
  Volume: 'Name:s +VolumeSource',
  VolumeSource:
    'HostPath:p/HostPath EmptyDir:p/EmptyDir GCEPersistentDisk:p/GceDisk AWSElasticBlockStore:p/AwsDisk GitRepo:p/GitRepo Secret:p/SecretVolume NFS:p/NFS ISCSI:p/Iscsi Glusterfs:p/Glusterfs PersistentVolumeClaim:p/ClaimVolume RBD:p/Rbd Quobyte:p/Quobyte FlexVolume:p/Flex Cinder:p/Cinder CephFS:p/CephFs Flocker:p/Flocker DownwardAPI:p/DownwardVolume FC:p/FibreChannel AzureFile:p/AzureFile ConfigMap:p/ConfigMapVolume VsphereVolume:p/Vsphere AzureDisk:p/AzureDisk PhotonPersistentDisk:p/Photon Projected:p/ProjectedVolume PortworxVolume:p/Portworx ScaleIO:p/ScaleIo StorageOS:p/StorageOs CSI:p/CSI Ephemeral:p Image:p/Image',
  HostPath: 'Path:s Type:p',
  EmptyDir: 'Medium:s SizeLimit:p',
  SecretVolume: 'SecretName:s Items:l/KeyToPath DefaultMode:p Optional:p',
  ConfigMapVolume: 'Name:s Items:l/KeyToPath DefaultMode:p Optional:p',
  KeyToPath: 'Key:s Path:s Mode:p',
  NFS: 'Server:s Path:s ReadOnly:b',
  ClaimVolume: 'ClaimName:s ReadOnly:b',
  DownwardVolume: 'Items:l/DownwardFile DefaultMode:p',
  DownwardFile: 'Path:s FieldRef:p/FieldRef ResourceFieldRef:p/ResourceFieldRef Mode:p',
  ProjectedVolume: 'Sources:l/Projection DefaultMode:p',
  Projection: 'Secret:p/KeyedProjection DownwardAPI:p/DownwardProjection ConfigMap:p/KeyedProjection ServiceAccountToken:p/TokenProjection ClusterTrustBundle:p/BundleProjection PodCertificate:p',
  KeyedProjection: 'Name:s Items:l/KeyToPath Optional:p',
  DownwardProjection: 'Items:l/DownwardFile',
  TokenProjection: 'Audience:s ExpirationSeconds:n Path:s',
  BundleProjection: 'Name:p SignerName:p LabelSelector:j Optional:p Path:s',
  CSI: 'Driver:s ReadOnly:p FSType:p VolumeAttributes:m NodePublishSecretRef:p/LocalObjectReference',
  Image: 'Reference:s PullPolicy:s',
  Container:
    'Name:s Image:s Command:l Args:l WorkingDir:s Ports:l/ContainerPort EnvFrom:l/EnvFromSource Env:l/EnvVar Resources:o/ResourceRequirements ResizePolicy:l/ResizePolicy RestartPolicy:p RestartPolicyRules:l/RestartRule VolumeMounts:l/VolumeMount VolumeDevices:l/VolumeDevice LivenessProbe:p/Probe ReadinessProbe:p/Probe StartupProbe:p/Probe Lifecycle:p/Lifecycle TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext:p/SecurityContext Stdin:b StdinOnce:b TTY:b',
  EphemeralContainer: '+Container TargetContainerName:s',
  ContainerPort: 'Name:s HostPort:n ContainerPort:n Protocol:s HostIP:s',
  EnvFromSource: 'Prefix:s ConfigMapRef:p/NamedSource SecretRef:p/NamedSource',
  NamedSource: 'Name:s Optional:p',
  EnvVar: 'Name:s Value:s ValueFrom:p/EnvVarSource',
  EnvVarSource: 'FieldRef:p/FieldRef ResourceFieldRef:p/ResourceFieldRef ConfigMapKeyRef:p/KeyRef SecretKeyRef:p/KeyRef FileKeyRef:p/FileKeyRef',
  FieldRef: 'APIVersion:s FieldPath:s',
  ResourceFieldRef: 'ContainerName:s Resource:s Divisor:j',
  KeyRef: 'Name:s Key:s Optional:p',
  FileKeyRef: 'VolumeName:s Path:s Key:s Optional:p',
  ResourceRequirements: 'Limits:m Requests:m Claims:l/ResourceClaim',
  ResourceClaim: 'Name:s Request:s',
  ResizePolicy: 'ResourceName:s RestartPolicy:s',
  RestartRule: 'Action:s ExitCodes:p/ExitCodes',
  ExitCodes: 'Operator:s Values:l',
  VolumeMount: 'Name:s ReadOnly:b RecursiveReadOnly:p MountPath:s SubPath:s MountPropagation:p SubPathExpr:s',
  VolumeDevice: 'Name:s DevicePath:s',
  Probe: 'Exec:p/Exec HTTPGet:p/HTTPGet TCPSocket:p/TCPSocket GRPC:p/GRPC InitialDelaySeconds:n TimeoutSeconds:n PeriodSeconds:n SuccessThreshold:n FailureThreshold:n TerminationGracePeriodSeconds:p',
  Exec: 'Command:l',
  HTTPGet: 'Path:s Port:n Host:s Scheme:s HTTPHeaders:l/NameValue',
  NameValue: 'Name:s Value:s',
  TCPSocket: 'Port:n Host:s',
  GRPC: 'Port:n Service:p',
  Lifecycle: 'PostStart:p/Handler PreStop:p/Handler StopSignal:p',
  Handler: 'Exec:p/Exec HTTPGet:p/HTTPGet TCPSocket:p/TCPSocket Sleep:p/Sleep',
  Sleep: 'Seconds:n',
  SecurityContext:
    'Capabilities:p/Capabilities Privileged:p SELinuxOptions:p/SELinuxOptions WindowsOptions:p/WindowsOptions RunAsUser:p RunAsGroup:p RunAsNonRoot:p ReadOnlyRootFilesystem:p AllowPrivilegeEscalation:p ProcMount:p SeccompProfile:p/Profile AppArmorProfile:p/Profile',
  Capabilities: 'Add:l Drop:l',
  SELinuxOptions: 'User:s Role:s Type:s Level:s',
  WindowsOptions: 'GMSACredentialSpecName:p GMSACredentialSpec:p RunAsUserName:p HostProcess:p',
  Profile: 'Type:s LocalhostProfile:p',
  Sysctl: 'Name:s Value:s',
  LocalObjectReference: 'Name:s',
  Affinity: 'NodeAffinity:p/NodeAffinity PodAffinity:p/PodAffinity PodAntiAffinity:p/PodAffinity',
  NodeAffinity: 'RequiredDuringSchedulingIgnoredDuringExecution:p/NodeSelector PreferredDuringSchedulingIgnoredDuringExecution:l/PreferredTerm',
  NodeSelector: 'NodeSelectorTerms:l/NodeSelectorTerm',
  NodeSelectorTerm: 'MatchExpressions:l/NodeRequirement MatchFields:l/NodeRequirement',
  NodeRequirement: 'Key:s Operator:s Values:l',
  PreferredTerm: 'Weight:n Preference:o/NodeSelectorTerm',
  PodAffinity: 'RequiredDuringSchedulingIgnoredDuringExecution:l/PodTerm PreferredDuringSchedulingIgnoredDuringExecution:l/WeightedPodTerm',
  PodTerm: 'LabelSelector:j Namespaces:l TopologyKey:s NamespaceSelector:j MatchLabelKeys:l MismatchLabelKeys:l',
  WeightedPodTerm: 'Weight:n PodAffinityTerm:o/PodTerm',
  Toleration: 'Key:s Operator:s Value:s Effect:s TolerationSeconds:p',
  HostAlias: 'IP:s Hostnames:l',
  PodDNSConfig: 'Nameservers:l Searches:l Options:l/DNSOption',
  DNSOption: 'Name:s Value:p',
  PodReadinessGate: 'ConditionType:s',
  TopologySpreadConstraint: 'MaxSkew:n TopologyKey:s WhenUnsatisfiable:s LabelSelector:j MinDomains:p NodeAffinityPolicy:p NodeTaintsPolicy:p MatchLabelKeys:l',
  PodOS: 'Name:s',
  PodSchedulingGate: 'Name:s',
  PodResourceClaim: 'Name:s ResourceClaimName:p ResourceClaimTemplateName:p',
  PersistentVolumeSource:
    'GCEPersistentDisk:p/GceDisk AWSElasticBlockStore:p/AwsDisk HostPath:p/HostPath Glusterfs:p/PersistentGlusterfs NFS:p/NFS RBD:p/PersistentRbd Quobyte:p/Quobyte ISCSI:p/PersistentIscsi FlexVolume:p/PersistentFlex Cinder:p/PersistentCinder CephFS:p/PersistentCephFs FC:p/FibreChannel Flocker:p/Flocker AzureFile:p/PersistentAzureFile VsphereVolume:p/Vsphere AzureDisk:p/AzureDisk PhotonPersistentDisk:p/Photon PortworxVolume:p/Portworx ScaleIO:p/PersistentScaleIo Local:p/LocalVolume StorageOS:p/PersistentStorageOs CSI:p/PersistentCSI',
  GceDisk: 'PDName:s FSType:s Partition:n ReadOnly:b',
  AwsDisk: 'VolumeID:s FSType:s Partition:n ReadOnly:b',
  GitRepo: 'Repository:s Revision:s Directory:s',
  Iscsi: 'TargetPortal:s IQN:s Lun:n ISCSIInterface:s FSType:s ReadOnly:b Portals:l DiscoveryCHAPAuth:b SessionCHAPAuth:b SecretRef:p/LocalObjectReference InitiatorName:p',
  PersistentIscsi: 'TargetPortal:s IQN:s Lun:n ISCSIInterface:s FSType:s ReadOnly:b Portals:l DiscoveryCHAPAuth:b SessionCHAPAuth:b SecretRef:p/SecretReference InitiatorName:p',
  Glusterfs: 'EndpointsName:s Path:s ReadOnly:b',
  PersistentGlusterfs: 'EndpointsName:s Path:s ReadOnly:b EndpointsNamespace:p',
  Rbd: 'CephMonitors:l RBDImage:s FSType:s RBDPool:s RadosUser:s Keyring:s SecretRef:p/LocalObjectReference ReadOnly:b',
  PersistentRbd: 'CephMonitors:l RBDImage:s FSType:s RBDPool:s RadosUser:s Keyring:s SecretRef:p/SecretReference ReadOnly:b',
  Quobyte: 'Registry:s Volume:s ReadOnly:b User:s Group:s Tenant:s',
  Flex: 'Driver:s FSType:s SecretRef:p/LocalObjectReference ReadOnly:b Options:m',
  PersistentFlex: 'Driver:s FSType:s SecretRef:p/SecretReference ReadOnly:b Options:m',
  Cinder: 'VolumeID:s FSType:s ReadOnly:b SecretRef:p/LocalObjectReference',
  PersistentCinder: 'VolumeID:s FSType:s ReadOnly:b SecretRef:p/SecretReference',
  CephFs: 'Monitors:l Path:s User:s SecretFile:s SecretRef:p/LocalObjectReference ReadOnly:b',
  PersistentCephFs: 'Monitors:l Path:s User:s SecretFile:s SecretRef:p/SecretReference ReadOnly:b',
  Flocker: 'DatasetName:s DatasetUUID:s',
  FibreChannel: 'TargetWWNs:l Lun:p FSType:s ReadOnly:b WWIDs:l',
  AzureFile: 'SecretName:s ShareName:s ReadOnly:b',
  PersistentAzureFile: 'SecretName:s ShareName:s ReadOnly:b SecretNamespace:p',
  Vsphere: 'VolumePath:s FSType:s StoragePolicyName:s StoragePolicyID:s',
  AzureDisk: 'DiskName:s DataDiskURI:s CachingMode:p FSType:p ReadOnly:p Kind:p',
  Photon: 'PdID:s FSType:s',
  Portworx: 'VolumeID:s FSType:s ReadOnly:b',
  ScaleIo: 'Gateway:s System:s SecretRef:p/LocalObjectReference SSLEnabled:b ProtectionDomain:s StoragePool:s StorageMode:s VolumeName:s FSType:s ReadOnly:b',
  PersistentScaleIo: 'Gateway:s System:s SecretRef:p/SecretReference SSLEnabled:b ProtectionDomain:s StoragePool:s StorageMode:s VolumeName:s FSType:s ReadOnly:b',
  StorageOs: 'VolumeName:s VolumeNamespace:s FSType:s ReadOnly:b SecretRef:p/LocalObjectReference',
  PersistentStorageOs: 'VolumeName:s VolumeNamespace:s FSType:s ReadOnly:b SecretRef:p/ObjectReference',
  ObjectReference: 'Kind:s Namespace:s Name:s UID:s APIVersion:s ResourceVersion:s FieldPath:s',
  LocalVolume: 'Path:s FSType:p',
  PersistentCSI:
    'Driver:s VolumeHandle:s ReadOnly:b FSType:s VolumeAttributes:m ControllerPublishSecretRef:p/SecretReference NodeStageSecretRef:p/SecretReference NodePublishSecretRef:p/SecretReference ControllerExpandSecretRef:p/SecretReference NodeExpandSecretRef:p/SecretReference',
  SecretReference: 'Name:s Namespace:s',
  PersistentVolumeClaimSpec: 'AccessModes:l Selector:j Resources:o/VolumeResources VolumeName:s StorageClassName:p VolumeMode:p DataSource:p/TypedLocalReference DataSourceRef:p/TypedReference VolumeAttributesClassName:p',
  VolumeResources: 'Limits:m Requests:m',
  TypedLocalReference: 'APIGroup:p Kind:s Name:s',
  TypedReference: 'APIGroup:p Kind:s Name:s Namespace:p',
  VolumeNodeAffinity: 'Required:p/NodeSelector',
  FlowSchemaSpec: 'PriorityLevelConfiguration:o/LocalObjectReference MatchingPrecedence:n DistinguisherMethod:p/FlowDistinguisher Rules:l/FlowRule',
  FlowDistinguisher: 'Type:s',
  FlowRule: 'Subjects:l/FlowSubject ResourceRules:l/FlowResourceRule NonResourceRules:l/FlowNonResourceRule',
  FlowSubject: 'Kind:s User:p/LocalObjectReference Group:p/LocalObjectReference ServiceAccount:p/FlowAccount',
  FlowAccount: 'Namespace:s Name:s',
  FlowResourceRule: 'Verbs:l APIGroups:l Resources:l ClusterScope:b Namespaces:l',
  FlowNonResourceRule: 'Verbs:l NonResourceURLs:l',
  PriorityLevelSpec: 'Type:s Limited:p/LimitedLevel Exempt:p/ExemptLevel',
  LimitedLevel: 'NominalConcurrencyShares:n LimitResponse:o/LimitResponse LendablePercent:p BorrowingLimitPercent:p',
  LimitResponse: 'Type:s Queuing:p/FlowQueuing',
  FlowQueuing: 'Queues:n HandSize:n QueueLengthLimit:n',
  ExemptLevel: 'NominalConcurrencyShares:p LendablePercent:p',
  PodFailurePolicy: 'Rules:l/PodFailureRule',
  PodFailureRule: 'Action:s OnExitCodes:p/PodFailureCodes OnPodConditions:l/PodFailureCondition',
  PodFailureCodes: 'ContainerName:p Operator:s Values:l',
  PodFailureCondition: 'Type:s Status:s',
  SuccessPolicy: 'Rules:l/SuccessRule',
  SuccessRule: 'SucceededIndexes:p SucceededCount:p',
  DeviceClaimSpec: 'Devices:o/DeviceClaim',
  DeviceClaim: 'Requests:l/DeviceRequest Constraints:l/DeviceConstraint Config:l/DeviceClaimConfig',
  DeviceRequest: 'Name:s Exactly:p/ExactDevices FirstAvailable:l/DeviceSubRequest',
  ExactDevices: 'DeviceClassName:s Selectors:l/DeviceSelector AllocationMode:s Count:n AdminAccess:p Tolerations:l/Toleration Capacity:p/DeviceCapacity',
  DeviceSubRequest: 'Name:s DeviceClassName:s Selectors:l/DeviceSelector AllocationMode:s Count:n Tolerations:l/Toleration Capacity:p/DeviceCapacity',
  DeviceCapacity: 'Requests:m',
  DeviceSelector: 'CEL:p/DeviceExpression',
  DeviceExpression: 'Expression:s',
  DeviceConstraint: 'Requests:l MatchAttribute:p DistinctAttribute:p',
  DeviceClaimConfig: 'Requests:l Opaque:p/OpaqueDevice',
  OpaqueDevice: 'Driver:s Parameters:j',
  DeviceAllocation: 'Devices:o/DeviceResults NodeSelector:p/NodeSelector AllocationTimestamp:p',
  DeviceResults: 'Results:l/DeviceResult Config:l/DeviceAllocationConfig',
  DeviceResult: 'Request:s Driver:s Pool:s Device:s AdminAccess:p Tolerations:l/Toleration BindingConditions:l BindingFailureConditions:l ShareID:p ConsumedCapacity:m',
  DeviceAllocationConfig: 'Source:s Requests:l Opaque:p/OpaqueDevice',
}

export interface PrintedField {
  /** As printed: `HTTPGet`. */
  readonly name: string
  /** As in the API: `httpGet`. */
  readonly from: string
  readonly kind: 's' | 'n' | 'b' | 'p' | 'l' | 'm' | 'o' | 'j'
  readonly type: string | undefined
}

/** Names whose API form does not follow from the printed one. */
const oddNames: Readonly<Record<string, string>> = {
  CephFS: 'cephfs',
  StorageOS: 'storageos',
  WWIDs: 'wwids',
  DiscoveryCHAPAuth: 'chapAuthDiscovery',
  SessionCHAPAuth: 'chapAuthSession',
  EndpointsName: 'endpoints',
  CephMonitors: 'monitors',
  RBDImage: 'image',
  RBDPool: 'pool',
  RadosUser: 'user',
  DataDiskURI: 'diskURI',
}

/** `HTTPGet` → `httpGet`: the capitals that lead are one word. */
const apiName = (name: string): string => oddNames[name] ?? name.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+/, (capitals) => capitals.toLowerCase())

const known = new Map<string, readonly PrintedField[]>()

/** The fields of a type; none for one that is not described here. */
export function printedFields(type: string): readonly PrintedField[] {
  const found = known.get(type)
  if (found) return found
  const fields = (types[type] ?? '').split(' ').filter((word) => word !== '').flatMap(readField)
  known.set(type, fields)
  return fields
}

function readField(word: string): readonly PrintedField[] {
  if (word.startsWith('+')) return printedFields(word.slice(1))
  const [name = '', rest = ''] = word.split(':')
  const [kind, target] = rest.split('/')
  return [{ name, from: apiName(name), kind: kind as PrintedField['kind'], type: target }]
}
