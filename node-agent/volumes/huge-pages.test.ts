import { expect, test } from 'vitest'
import type { Pod } from '../../shared/model/gen/api.ts'
import { pageSizeFor } from './huge-pages.ts'

const asking = (...names: readonly string[]): Pod => ({ metadata: { name: 'p' }, spec: { containers: names.map((name) => ({ name: 'c', resources: { requests: { [name]: '2Gi' } } })) } })

test('the pages of the size that the pod asks for', () => {
  expect(pageSizeFor('HugePages', asking('memory', 'hugepages-2Mi', 'hugepages-2048Ki'))).toEqual({ kind: 'found', bytes: 2 ** 21 })
  expect(pageSizeFor('HugePages-1Gi', asking('hugepages-2Mi', 'hugepages-1Gi'))).toEqual({ kind: 'found', bytes: 2 ** 30 })
})

test.each<readonly [string, Pod, string]>([
  ['HugePages', asking('memory'), 'medium HugePages: hugePages storage requested, but there is no resource request for huge pages'],
  ['HugePages', asking('hugepages-2Mi', 'hugepages-1Gi'), "medium: HugePages can't be used if container requests multiple huge page sizes"],
  ['HugePages-1Gi', asking('hugepages-2Mi'), 'medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages'],
  ['Tape', asking('hugepages-2Mi'), 'unknown storage medium "Tape"'],
])('%s is refused', (medium, pod, message) => {
  expect(pageSizeFor(medium, pod)).toEqual({ kind: 'refused', message })
})
