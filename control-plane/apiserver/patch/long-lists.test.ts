import { expect, test } from 'vitest'
import { applyStrategicMergePatch } from './strategic-merge.ts'

const COUNT = 8_000
const pod = (env: readonly object[]): { readonly spec: { readonly containers: readonly { readonly name: string; readonly env: never[] }[] } } => ({ spec: { containers: [{ name: 'c', env: env as never[] }] } })
const variables = (prefix: string): readonly object[] => Array.from({ length: COUNT }, (_, index) => ({ name: `${prefix}${index}`, value: 'x' }))

test('lists of thousands are merged without a search for each item', () => {
  const before = performance.now()
  const outcome = applyStrategicMergePatch('io.k8s.api.core.v1.Pod', pod(variables('a')), pod([...variables('b'), ...variables('a').map((one) => ({ ...one, $patch: 'delete' }))]))
  expect(performance.now() - before).toBeLessThan(5_000)
  expect(outcome).toEqual({ kind: 'patched', object: pod(variables('b')) })
})
