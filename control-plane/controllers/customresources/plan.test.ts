import { expect, test } from 'vitest'
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../../shared/model/gen/api.ts'
import { namedStatus } from './plan.ts'

const NOW = 1_770_000_000_000

const define = (names: CustomResourceDefinitionNames, status?: CustomResourceDefinition['status']): CustomResourceDefinition => ({
  metadata: { name: `${names.plural}.example.com` },
  spec: { group: 'example.com', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true }] },
  ...(status && { status }),
})

const widgets = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }
const accepted = define(widgets, { acceptedNames: widgets })
const conditions = (status: NonNullable<CustomResourceDefinition['status']>): ReadonlyArray<readonly [string, string, string | undefined]> => (status.conditions ?? []).map(({ type, status: is, reason }) => [type, is, reason])

test('free names are accepted, and the definition is established', () => {
  const status = namedStatus(define(widgets), [define(widgets)], NOW)
  expect(status.acceptedNames).toEqual(widgets)
  expect(conditions(status)).toEqual([['NamesAccepted', 'True', 'NoConflicts'], ['Established', 'True', 'InitialNamesAccepted']])
})

test('planning twice changes nothing', () => {
  const once = namedStatus(define(widgets), [define(widgets)], NOW)
  const again = define(widgets, once)
  expect(namedStatus(again, [again], NOW + 60_000)).toEqual(once)
})

test('what is taken stays as it was; the last conflict is told', () => {
  const gadgets = define({ plural: 'gadgets', singular: 'gadget', kind: 'Widget', listKind: 'WidgetList' })
  const status = namedStatus(gadgets, [accepted, gadgets], NOW)
  expect(status.acceptedNames).toEqual({ plural: 'gadgets', singular: 'gadget', kind: '' })
  expect(conditions(status)).toEqual([['NamesAccepted', 'False', 'ListKindConflict'], ['Established', 'False', 'NotAccepted']])
})

test('short names must not be what others are called', () => {
  const gadgets = define({ plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList', shortNames: ['gd', 'widgets'] })
  const [first] = namedStatus(gadgets, [accepted, gadgets], NOW).conditions ?? []
  expect([first?.reason, first?.message]).toEqual(['ShortNamesConflict', '"widgets" is already in use'])
})

test('protected groups say whether they were approved', () => {
  const base = define(widgets)
  const status = namedStatus({ ...base, metadata: { ...base.metadata, annotations: { 'api-approved.kubernetes.io': 'unapproved, testing' } }, spec: { ...base.spec, group: 'x.k8s.io' } }, [], NOW)
  expect(status.conditions?.[2]).toMatchObject({ type: 'KubernetesAPIApprovalPolicyConformant', status: 'False', reason: 'UnapprovedAnnotation', message: 'not approved: "unapproved, testing"' })
})

test('a conflict that somebody takes back stays told, as Kubernetes leaves it', () => {
  const gadgets = define({ plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' })
  const named = namedStatus(gadgets, [accepted, gadgets], NOW)
  const wanting = define({ ...gadgets.spec.names, singular: 'widget' }, named)
  const refused = namedStatus(wanting, [accepted, wanting], NOW)
  expect([refused.acceptedNames, conditions(refused)]).toEqual([gadgets.spec.names, [['NamesAccepted', 'False', 'SingularConflict'], ['Established', 'True', 'InitialNamesAccepted']]])
  const back = define(gadgets.spec.names, refused)
  expect(namedStatus(back, [accepted, back], NOW)).toEqual(refused)
})
