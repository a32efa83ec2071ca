import { expect, test } from 'vitest'
import type { Event, Node } from '../../shared/model/gen/api.ts'
import { notesOf } from './node-notes.ts'

const NOW = Date.UTC(2030, 0, 1)
const node = (name: string, status: string, message: string): Node => ({ metadata: { name }, status: { conditions: [{ type: 'Ready', status, message }] } }) as unknown as Node
const verdict = (name: string, eventTime: string): Event => ({ metadata: {}, involvedObject: { kind: 'Node', name }, reason: 'NodeFenced', message: `${name}: no heartbeat for 1.2 s`, eventTime }) as unknown as Event

test('what was decided about nodes that are not ready, or were given up lately; nothing about others', () => {
  const nodes = [node('a', 'True', 'fine'), node('b', 'Unknown', 'b: no heartbeat for 1.2 s; fenced at 17:50:01.123'), node('c', 'False', 'no network'), node('d', 'True', 'fine'), node('e', 'True', 'fine')]
  expect(notesOf(nodes, [verdict('d', '2029-12-31T23:58:00.000000Z'), verdict('d', '2029-12-31T23:50:00.000000Z'), verdict('e', '2029-12-31T23:40:00.000000Z'), verdict('b', '2029-12-31T23:58:00.000000Z')], NOW)).toEqual([
    'b: no heartbeat for 1.2 s; fenced at 17:50:01.123 (gantry why node/b)',
    'c: no network (gantry why node/c)',
    'd is back. 2 min ago: no heartbeat for 1.2 s (gantry why node/d)',
  ])
})
