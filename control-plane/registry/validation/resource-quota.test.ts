import { expect, test } from 'vitest'
import { validateNewResourceQuota } from './resource-quota.ts'

const many = (name: string, count: number): Readonly<Record<string, string>> => Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, '1']))
const scopes = (scope: string): readonly string[] => Array.from({ length: 50_000 }, () => scope)
type Scope = 'BestEffort'

test.each([
  ['unknown', 'requests.hugepages-', 50_000],
  ['Terminating', 'example.com/', 0],
  ['BestEffort', 'requests.hugepages-', 100_000],
])('very many scopes beside very many resources are soon judged: %s', (scope, name, least) => {
  const found = validateNewResourceQuota({ metadata: { name: 'q' }, spec: { hard: many(name, 50_000), scopes: scopes(scope) as readonly Scope[] } })
  expect(found.filter(({ field }) => field === 'spec.scopes').length).toBeGreaterThanOrEqual(least)
})
