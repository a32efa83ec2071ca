import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { StrategyContext } from '../kind.ts'

/** Who asks is told by the server, whatever the request says of it. */
export function newRequest(request: CertificateSigningRequest, { user }: StrategyContext): CertificateSigningRequest {
  const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = request.spec
  return { ...request, spec: { ...spec, ...(user && requestor(user)) }, status: {} }
}

const requestor = ({ name, uid, groups, extra }: NonNullable<StrategyContext['user']>): Partial<CertificateSigningRequest['spec']> => ({
  ...(name !== '' && { username: name }),
  ...(uid !== '' && { uid }),
  ...(groups.length > 0 && { groups }),
  ...(Object.keys(extra).length > 0 && { extra }),
})

/** The request itself never changes; each subresource has its own part of the status. */
export function changedRequest(request: CertificateSigningRequest, old: CertificateSigningRequest, { subresource, nowMs }: StrategyContext): CertificateSigningRequest {
  const kept = { ...request, spec: old.spec }
  const conditions = (): readonly CertificateSigningRequestCondition[] => timed(request.status?.conditions ?? [], old.status?.conditions ?? [], nowMs)
  switch (subresource) {
    case 'approval':
      return { ...kept, status: withConditions(old.status, conditions()) }
    case 'status':
      return { ...kept, status: withConditions(request.status, withApprovalOf(conditions(), old.status?.conditions ?? [])) }
    default:
      return { ...kept, status: old.status }
  }
}

function withConditions(status: CertificateSigningRequest['status'], conditions: readonly CertificateSigningRequestCondition[]): CertificateSigningRequest['status'] {
  const { conditions: _before, ...rest } = status ?? {}
  return conditions.length === 0 ? rest : { ...rest, conditions }
}

/** Through `status` an approval cannot be changed: what was said of it is put back; where some were added or taken away validation objects. */
function withApprovalOf(conditions: readonly CertificateSigningRequestCondition[], before: readonly CertificateSigningRequestCondition[]): readonly CertificateSigningRequestCondition[] {
  let kept = conditions
  for (const type of ['Approved', 'Denied']) {
    const old = before.filter((condition) => condition.type === type)
    if (old.length !== kept.filter((condition) => condition.type === type).length) continue
    let next = 0
    kept = kept.map((condition) => (condition.type === type ? (old[next++] ?? condition) : condition))
  }
  return kept
}

function timed(conditions: readonly CertificateSigningRequestCondition[], before: readonly CertificateSigningRequestCondition[], nowMs: number): readonly CertificateSigningRequestCondition[] {
  const now = formatTime(nowMs)
  return conditions.map((condition) => ({
    ...condition,
    lastUpdateTime: condition.lastUpdateTime ?? now,
    lastTransitionTime: condition.lastTransitionTime ?? before.find((one) => one.type === condition.type && one.status === condition.status && one.lastTransitionTime)?.lastTransitionTime ?? now,
  }))
}
