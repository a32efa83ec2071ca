import { expect, test } from 'vitest'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { servedKinds } from '../../registry/registry.ts'
import { selectionOf } from './selection.ts'

/** What is said against a selector, if anything. */
function refusalOf(kind: KindDefinition, fieldSelector: string): string | undefined {
  try {
    selectionOf(kind, { fieldSelector })
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return error.message
  }
}

const listed = servedKinds.filter(({ verbs }) => verbs.includes('list'))

test.each(listed.map((kind) => [`${kind.plural}.${kind.group}`, kind] as const))('%s refuse a field they do not offer, and select by name', (_, kind) => {
  expect(refusalOf(kind, 'foo=bar')).toMatch(/^(?:"foo" is not a known field selector: only "metadata.name", "metadata.namespace"|field label not supported: foo|field label "foo" not supported for Job)$/)
  expect(refusalOf(kind, 'metadata.name=a')).toBeUndefined()
})

test.each([
  ['nodes', 'field label not supported: metadata.namespace'],
  ['namespaces', 'field label not supported: metadata.namespace'],
  ['certificatesigningrequests', 'field label not supported: metadata.namespace'],
  ['persistentvolumes', undefined],
  ['ipaddresses', undefined],
  ['pods', undefined],
])('the namespace as a field of %s: %s', (plural, refusal) => {
  for (const kind of listed.filter((one) => one.plural === plural)) expect(refusalOf(kind, 'metadata.namespace=a')).toBe(refusal)
})

test('namespaces know their name by its full path alone', () => {
  for (const kind of listed.filter(({ plural }) => plural === 'namespaces')) expect(refusalOf(kind, 'name=a')).toBe('field label not supported: name')
})
