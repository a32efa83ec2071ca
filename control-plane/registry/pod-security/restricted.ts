/** What is demanded besides of pods that shall be hard to break out of. In the order in which Kubernetes tells of them. */
import type { Container, Volume } from '../../../shared/model/gen/api.ts'
import { unusualProcMounts } from './baseline.ts'
import { containersNamed, containersOf, isExemptWindows, namesOf, plural, quoted, type Rule, setters, sortedUnique, those } from './check.ts'

const escalation: Rule = {
  id: 'allowPrivilegeEscalation',
  since: 8,
  check(judged) {
    if (isExemptWindows(judged)) return undefined
    const names = those(judged.spec, (one) => one.securityContext?.allowPrivilegeEscalation !== false)
    return names.length === 0 ? undefined : { reason: 'allowPrivilegeEscalation != false', detail: `${containersNamed(names)} must set securityContext.allowPrivilegeEscalation=false` }
  },
}

const added = (container: Container): readonly string[] => (container.securityContext?.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE')

const capabilities: Rule = {
  id: 'capabilities_restricted',
  since: 22,
  instead: 'capabilities_baseline',
  check(judged) {
    if (isExemptWindows(judged)) return undefined
    const { spec } = judged
    const keeping = those(spec, (one) => !one.securityContext?.capabilities?.drop?.includes('ALL'))
    const adding = those(spec, (one) => added(one).length > 0)
    const details = [
      ...(keeping.length > 0 ? [`${containersNamed(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
      ...(adding.length > 0 ? [`${containersNamed(adding)} must not include ${quoted(sortedUnique(containersOf(spec).flatMap(added)))} in securityContext.capabilities.add`] : []),
    ]
    return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
  },
}

const procMount: Rule = { id: 'procMount_restricted', since: 35, instead: 'procMount', check: ({ spec }) => unusualProcMounts(spec) }

const harmless: ReadonlySet<string> = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'])
const kindOf = (volume: Volume): string => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown'

const volumes: Rule = {
  id: 'restrictedVolumes',
  since: 0,
  instead: 'hostPathVolumes',
  check({ spec }) {
    const bad = (spec.volumes ?? []).filter((one) => !Object.keys(one).some((key) => harmless.has(key)))
    if (bad.length === 0) return undefined
    const kinds = sortedUnique(bad.map(kindOf))
    const types = `${plural('restricted volume type', 'restricted volume types', kinds.length)} ${quoted(kinds)}`
    return { reason: 'restricted volume types', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map((one) => one.name))} ${plural('uses', 'use', bad.length)} ${types}` }
  },
}

const nonRoot: Rule = {
  id: 'runAsNonRoot',
  since: 0,
  check({ spec }) {
    const reason = 'runAsNonRoot != true'
    const pod = spec.securityContext?.runAsNonRoot
    const who = setters(pod === false, those(spec, (one) => one.securityContext?.runAsNonRoot === false))
    if (who !== '') return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` }
    const silent = pod === true ? [] : those(spec, (one) => one.securityContext?.runAsNonRoot === undefined)
    return silent.length === 0 ? undefined : { reason, detail: `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true` }
  },
}

const user: Rule = {
  id: 'runAsUser',
  since: 23,
  check({ spec }) {
    const who = setters(spec.securityContext?.runAsUser === 0, those(spec, (one) => one.securityContext?.runAsUser === 0))
    return who === '' ? undefined : { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` }
  },
}

const isFit = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost'

const seccomp: Rule = {
  id: 'seccompProfile_restricted',
  since: 19,
  instead: 'seccompProfile_baseline',
  check(judged) {
    if (isExemptWindows(judged)) return undefined
    const { spec } = judged
    const reason = 'seccompProfile'
    const pod = spec.securityContext?.seccompProfile?.type
    const bad = containersOf(spec).filter((one) => one.securityContext?.seccompProfile && !isFit(one.securityContext.seccompProfile.type))
    const podIsBad = pod !== undefined && !isFit(pod)
    const types = sortedUnique([...(podIsBad ? [pod] : []), ...bad.map((one) => one.securityContext?.seccompProfile?.type ?? '')])
    const who = setters(podIsBad, namesOf(bad))
    if (who !== '') return { reason, detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}` }
    const silent = pod !== undefined ? [] : those(spec, (one) => one.securityContext?.seccompProfile === undefined)
    return silent.length === 0 ? undefined : { reason, detail: `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"` }
  },
}

export const restrictedRules: readonly Rule[] = [escalation, capabilities, procMount, volumes, nonRoot, user, seccomp]
