import { expect, test } from 'vitest'
import type { Job, JobSpec, JobStatus, PodSpec } from '../../../shared/model/gen/api.ts'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import { defaultJob } from '../defaults/job.ts'
import { withGeneratedSelector } from '../updates/job-labels.ts'
import { findOverlap, readIndexes } from './job-indexes.ts'
import { validateJob } from './job.ts'
import { validateJobChange } from './job-update.ts'

const podSpec: PodSpec = { restartPolicy: 'Never', containers: [{ name: 'app', image: 'busybox', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }] }
const job = (spec: Partial<JobSpec> = {}, status: JobStatus = {}): Job => ({ ...withGeneratedSelector(defaultJob({ metadata: { name: 'work', uid: 'u-1' }, spec: { template: { spec: podSpec }, ...spec } })), status })
const texts = (errors: ReturnType<typeof validateJob>): readonly string[] => errors.map(fieldErrorText)
const context = (subresource = '') => ({ nowMs: 0, subresource, userName: 'test' })
const changed = (before: Job, after: Job, subresource?: string): readonly string[] => [...new Set(texts(validateJobChange(after, before, context(subresource))))]

test('what is generated is sound, and labels its job as well', () => {
  expect(texts(validateJob(job()))).toEqual([])
  expect(job().metadata.labels).toEqual({ 'controller-uid': 'u-1', 'job-name': 'work', 'batch.kubernetes.io/controller-uid': 'u-1', 'batch.kubernetes.io/job-name': 'work' })
})

test('labels of its own stay its own', () => {
  const own = withGeneratedSelector(defaultJob({ metadata: { name: 'work', uid: 'u-1', labels: { mine: 'x' } }, spec: { template: { spec: podSpec } } }))
  expect(own.metadata.labels).toEqual({ mine: 'x' })
})

test.each([
  ['too many failed indexes with many completions', { completionMode: 'Indexed', completions: 200_000, parallelism: 20_000, backoffLimitPerIndex: 1, maxFailedIndexes: 20_000 }, 2],
  ['the host name of the last index is too long', { completionMode: 'Indexed', completions: 3 }, 0],
  ['an exit code and a condition at once', { podFailurePolicy: { rules: [{ action: 'Count', onExitCodes: { operator: 'In', values: [1] }, onPodConditions: [{ type: 'Ready', status: 'False' }] }] } }, 1],
  ['a replacement that the failure policy forbids', { podFailurePolicy: { rules: [] }, podReplacementPolicy: 'TerminatingOrFailed' }, 1],
])('%s', (_, spec, count) => {
  expect(validateJob(job(spec)).length).toBe(count)
})

test('indexes are read, in order and below the number of completions', () => {
  expect(readIndexes('1,3-5,7', 8)).toMatchObject({ kind: 'indexes', total: 5 })
  expect([['3,2', 8], ['2-9', 8], ['a', 8], ['1-2-3', 8], ['4-4', 8], ['99999999999999999999', 8]].map(([text, completions]) => readIndexes(String(text), Number(completions)))).toEqual(
    ['non-increasing order, previous: 3, current: 2', 'too large index: "9"', 'cannot convert string to integer for index: "a"', `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`, 'non-increasing order, previous: 4, current: 4', 'cannot convert string to integer for index: "99999999999999999999"'].map((problem) => ({ kind: 'problem', problem })),
  )
  expect([findOverlap('0-3,6', '4,6-7', 9), findOverlap('0-3', '4-5', 9), findOverlap('', '1', 9)]).toEqual([6, undefined, undefined])
})

test('a job that runs keeps its template; one that never began may change where its pods go', () => {
  const moved: PodSpec = { ...podSpec, nodeSelector: { disk: 'ssd' } }
  const change = (spec: Partial<JobSpec>, status: JobStatus): readonly string[] => changed(job({ template: { spec: podSpec }, ...spec }, status), job({ template: { spec: moved }, ...spec }, status)).map((text) => text.split(':')[0] ?? '')
  expect(change({ suspend: false }, {})).toEqual(['spec.template'])
  expect(change({ suspend: true }, {})).toEqual([])
  expect(change({ suspend: true }, { startTime: '2026-01-01T00:00:00Z' })).toEqual(['spec.template'])
  expect(change({ suspend: true }, { startTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Suspended', status: 'True' }] })).toEqual([])
})

test('a suspended job without pods takes other resources, and no other image', () => {
  const [container] = podSpec.containers
  const change = (part: object, status: JobStatus = {}): readonly string[] => changed(job({ suspend: true }, status), job({ suspend: true, template: { spec: { ...podSpec, containers: [{ name: 'app', ...container, ...part }] } } }, status)).map((text) => text.split(':')[0] ?? '')
  const resources = { resources: { requests: { cpu: '1' } } }
  expect(change(resources)).toEqual([])
  expect(change(resources, { active: 1 })).toEqual(['spec.template'])
  expect(change({ image: 'other' })).toEqual(['spec.template.spec'])
})

test('what a status once said stays', () => {
  const complete: JobStatus = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z', succeeded: 1, conditions: [{ type: 'SuccessCriteriaMet', status: 'True' }, { type: 'Complete', status: 'True' }] }
  expect(changed(job({}, { startTime: complete.startTime }), job({}, complete), 'status')).toEqual([])
  expect(changed(job({}, complete), job({}, { ...complete, succeeded: 0, completionTime: '2026-01-01T00:02:00Z', conditions: [] }), 'status')).toEqual([
    'status.completionTime: Invalid value: "2026-01-01T00:02:00Z": cannot set completionTime when there is no Complete=True condition',
    'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
    'status.succeeded: Invalid value: 0: cannot decrease the succeeded counter',
    'status.completionTime: Invalid value: "2026-01-01T00:02:00Z": field is immutable',
    'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
  ])
})
