import { expect, test } from 'vitest'
import { validateEphemeralContainers } from './containers.ts'

test('of a container that is added to look around even empty parts are refused', () => {
  const spec = { containers: [{ name: 'a' }], ephemeralContainers: [{ name: 'e', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', resources: {}, lifecycle: {}, ports: [] }] }
  const errors = validateEphemeralContainers({ spec, volumes: new Map(), claimNames: new Set() }, 'spec.ephemeralContainers')
  expect(errors.map(({ field }) => field)).toEqual(['spec.ephemeralContainers[0].ports', 'spec.ephemeralContainers[0].lifecycle'])
})
