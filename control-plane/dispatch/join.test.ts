import { expect, test } from 'vitest'
import { createJoin } from './join.ts'

test('who asks for the name of a node that lives is refused, and that is told', async () => {
  const told: string[] = []
  const { join } = createJoin({
    ca: 'ca',
    sign: async ({ nodeName }) => `certificate of ${nodeName}`,
    check: () => 'valid',
    isSeen: (nodeName) => nodeName === 'n1',
    onTaken: (nodeName, message) => void told.push(`${nodeName}: ${message}`),
  })
  const asking = (nodeName: string): Promise<unknown> => join({ token: 'secret', nodeName, certificateRequest: 'request' })
  await expect(asking('n1')).rejects.toMatchObject({ code: 'conflict', message: 'a node "n1" is in the cluster and alive: give this one another name, or stop that one' })
  expect(told).toEqual(['n1: an agent that wants to join was refused: a node "n1" is in the cluster and alive: give this one another name, or stop that one'])
  expect(await asking('n2')).toEqual({ certificate: 'certificate of n2', ca: 'ca' })
  expect(told.length).toBe(1)
})
