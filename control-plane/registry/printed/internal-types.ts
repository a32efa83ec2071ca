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
    'HostPath:p/HostPath EmptyDir:p/EmptyDir GCEPersistentDisk:p AWSElasticBlockStore:p GitRepo:p Secret:p/SecretVolume NFS:p/NFS ISCSI:p Glusterfs:p PersistentVolumeClaim:p/ClaimVolume RBD:p Quobyte:p FlexVolume:p Cinder:p CephFS:p Flocker:p DownwardAPI:p/DownwardVolume FC:p AzureFile:p ConfigMap:p/ConfigMapVolume VsphereVolume:p AzureDisk:p PhotonPersistentDisk:p Projected:p/ProjectedVolume PortworxVolume:p ScaleIO:p StorageOS:p CSI:p/CSI Ephemeral:p Image:p/Image',
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
    'GCEPersistentDisk:p AWSElasticBlockStore:p HostPath:p/HostPath Glusterfs:p NFS:p/NFS RBD:p Quobyte:p ISCSI:p FlexVolume:p Cinder:p CephFS:p FC:p Flocker:p AzureFile:p VsphereVolume:p AzureDisk:p PhotonPersistentDisk:p PortworxVolume:p ScaleIO:p Local:p/LocalVolume StorageOS:p CSI:p/PersistentCSI',
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
const oddNames: Readonly<Record<string, string>> = { CephFS: 'cephfs', StorageOS: 'storageos' }

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
