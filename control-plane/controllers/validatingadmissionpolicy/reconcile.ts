/** Tells of each admission policy, once a generation, what does not fit the types of the kinds that it is about. */
import type { ValidatingAdmissionPolicy } from '../../../shared/model/gen/api.ts'
import type { Json } from '../../../shared/model/json.ts'
import { customResourceDefinitions, validatingAdmissionPolicies } from '../../../shared/model/resources.ts'
import { ignoreOvertaken } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'

const MANAGER = 'validatingadmissionpolicy-status'

const isSettled = ({ metadata, status }: ValidatingAdmissionPolicy): boolean => (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

export function createValidatingAdmissionPolicyController({ client, informers }: ControllerParts): Controller {
  const policies = informers.for(validatingAdmissionPolicies)
  return {
    name: 'validating-admission-policy-status',
    workers: 1,
    start: (enqueue) => policies.subscribe(({ key, after }) => after && !isSettled(after) && enqueue(key)),
    async reconcile(name) {
      const policy = policies.get(name)
      if (!policy || isSettled(policy)) return done
      const [{ expressionWarnings, mayNameCustom }, { knownKinds }] = await Promise.all([import('../../policies/type-check.ts'), import('../../policies/known-kinds.ts')])
      const definitions = mayNameCustom(policy) ? (await client.list(customResourceDefinitions)).items : []
      const warnings = expressionWarnings(policy, knownKinds(definitions))
      const status = { observedGeneration: policy.metadata.generation ?? 0, typeChecking: { expressionWarnings: warnings.length === 0 ? null : (warnings as unknown as Json) } }
      await client.patch(validatingAdmissionPolicies, { name }, { type: 'merge', subresource: 'status', fieldManager: MANAGER, body: { metadata: { uid: policy.metadata.uid ?? '' }, status } }).catch(ignoreOvertaken)
      return done
    },
  }
}
