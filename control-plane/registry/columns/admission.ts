import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { printedLabelSelector } from '../../../shared/model/selectors.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, integerColumn, nameColumn } from './columns.ts'

type Row = ReadonlyArray<string | number>

const around = ({ metadata }: KubeObject, cells: Row, nowMs: number): Row => [metadata.name ?? '', ...cells, ageSince(metadata.creationTimestamp, nowMs)]

export const webhookColumns: readonly TableColumn[] = [nameColumn, integerColumn('Webhooks', 'Webhooks indicates the number of webhooks registered in this configuration'), ageColumn]
export const webhookRow = (configuration: ValidatingWebhookConfiguration | MutatingWebhookConfiguration, nowMs: number): Row => around(configuration, [configuration.webhooks?.length ?? 0], nowMs)

const paramKindColumn = column('ParamKind', 'ParamKind specifies the kind of resources used to parameterize this policy')
const paramKindCell = (param: ParamKind | undefined): string => (param ? `${param.apiVersion ?? ''}/${param.kind ?? ''}` : '<unset>')

export const validatingPolicyColumns: readonly TableColumn[] = [nameColumn, integerColumn('Validations', 'Validations indicates the number of validation rules defined in this configuration'), paramKindColumn, ageColumn]
export const validatingPolicyRow = (policy: ValidatingAdmissionPolicy, nowMs: number): Row => around(policy, [policy.spec?.validations?.length ?? 0, paramKindCell(policy.spec?.paramKind)], nowMs)

export const mutatingPolicyColumns: readonly TableColumn[] = [nameColumn, integerColumn('Mutations', 'Mutation indicates the number of mutations rules defined in this configuration'), paramKindColumn, ageColumn]
export const mutatingPolicyRow = (policy: MutatingAdmissionPolicy, nowMs: number): Row => around(policy, [policy.spec?.mutations?.length ?? 0, paramKindCell(policy.spec?.paramKind)], nowMs)

export const policyBindingColumns: readonly TableColumn[] = [
  nameColumn,
  column('PolicyName', 'PolicyName indicates the policy definition which the policy binding binded to'),
  column('ParamRef', 'ParamRef indicates the param resource which sets the configration param'),
  ageColumn,
]

export const policyBindingRow = (binding: ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding, nowMs: number): Row => around(binding, [binding.spec?.policyName ?? '', paramRefCell(binding.spec?.paramRef)], nowMs)

function paramRefCell(reference: ParamRef | undefined): string {
  if (reference?.name) return `${reference.namespace || '*'}/${reference.name}`
  return reference?.selector ? printedLabelSelector(reference.selector) : '<unset>'
}
