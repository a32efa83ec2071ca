import { expect, test } from 'vitest'
import type { CronJob, CronJobSpec } from '../../../shared/model/gen/api.ts'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import { defaultCronJob } from '../defaults/job.ts'
import { validateCronJobChange, validateNewCronJob } from './cron-job.ts'

const cronJob = (spec: Partial<CronJobSpec>, name = 'tick'): CronJob =>
  defaultCronJob({ metadata: { name }, spec: { schedule: '0 0 * * *', jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'busybox', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }] } } } }, ...spec } })
const said = (spec: Partial<CronJobSpec>): readonly string[] => validateNewCronJob(cronJob(spec)).map(fieldErrorText)

test.each([
  [{ schedule: '' }, 'spec.schedule: Required value'],
  [{ schedule: '61 * * * *' }, 'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
  [{ schedule: 'TZ=UTC 0 0 * * *' }, 'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
  [{ timeZone: 'local' }, 'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
  [{ timeZone: 'europe/berlin' }, 'spec.timeZone: Invalid value: "europe/berlin": unknown time zone europe/berlin'],
])('%o is refused', (spec, message) => {
  expect(said(spec)[0]).toBe(message)
})

test('a zone that nobody knows is told with the schedule', () => {
  expect(said({ schedule: 'CRON_TZ=Mars/Base 0 0 * * *' })).toEqual([
    'spec.schedule: Invalid value: "CRON_TZ=Mars/Base 0 0 * * *": provided bad location Mars/Base: unknown time zone Mars/Base',
    'spec.schedule: Invalid value: "CRON_TZ=Mars/Base 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
  ])
})

test('zones are known by their older names too', () => {
  expect(['UTC', 'Etc/UTC', 'US/Pacific', 'America/Argentina/Buenos_Aires', 'EST5EDT', 'Etc/GMT+5'].flatMap((timeZone) => said({ timeZone }))).toEqual([])
})

test('what an older schedule and name were allowed they may keep', () => {
  const old = cronJob({ schedule: 'TZ=UTC 0 0 * * *' }, 'c'.repeat(60))
  expect(validateCronJobChange(cronJob({ schedule: 'TZ=UTC 0 1 * * *' }, 'c'.repeat(60)), old)).toEqual([])
  expect(validateCronJobChange(cronJob({ schedule: 'TZ=UTC 0 1 * * *', timeZone: 'UTC' }), old).map(fieldErrorText)).toEqual(['spec.schedule: Invalid value: "TZ=UTC 0 1 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule'])
})
