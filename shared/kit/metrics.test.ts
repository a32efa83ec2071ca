import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('metrics are told in the text format of Prometheus', async () => {
  const metrics = createMetrics()
  const requests = metrics.counter({ name: 'requests_total', help: 'How many.', labels: ['verb', 'code'] })
  requests.add(['get', '200'])
  requests.add(['get', '200'], 2)
  requests.add(['say "hi"\n', '500'])
  const seconds = metrics.histogram({ name: 'request_seconds', help: 'How long.', buckets: [0.1, 1] })
  for (const value of [0.05, 0.5, 5]) seconds.observe([], value)
  metrics.gauge({ name: 'open', help: 'Now.' }, () => 7)
  const { text } = await metrics.render()
  expect(text).toContain(
    [
      '# HELP requests_total How many.',
      '# TYPE requests_total counter',
      'requests_total{verb="get",code="200"} 3',
      'requests_total{verb="say \\"hi\\"\\n",code="500"} 1',
      '# HELP request_seconds How long.',
      '# TYPE request_seconds histogram',
      'request_seconds_bucket{le="0.1"} 1',
      'request_seconds_bucket{le="1"} 2',
      'request_seconds_bucket{le="+Inf"} 3',
      'request_seconds_sum 5.55',
      'request_seconds_count 3',
      '# HELP open Now.',
      '# TYPE open gauge',
      'open 7',
      '',
    ].join('\n'),
  )
  expect(text).toContain('process_resident_memory_bytes')
})
