/** As history.test.ts, for minutes: faults by chance, one after the other. */
import { afterAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { FAULTS, pause } from './history-faults.ts'
import { HistoryLab } from './history-lab.ts'

const NAME = 'e2e-history-long'
const ROUNDS = 12
afterAll(() => lab.down(NAME, { keep: false }))

test.each([1, 2, 3])('answers are true, whatever comes in whatever order (%i)', async (seed) => {
  const random = seededRandom(seed)
  const room = await HistoryLab.up(NAME, 3)
  try {
    await room.start(seed)
    for (let round = 0; round < ROUNDS; round++) {
      const [what, strike] = Object.entries(FAULTS)[Math.floor(random.next() * Object.keys(FAULTS).length)] ?? []
      console.log(`round ${round}: ${what}`)
      await strike?.(room)
      await pause(random.next() * 2_500)
    }
    const { violations, told } = await room.judge()
    console.log(told)
    expect(violations.map(({ rule, sentence }) => `${rule}: ${sentence}`)).toEqual([])
  } finally {
    await room.down()
  }
}, 600_000)
