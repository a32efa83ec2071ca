/**
 * Counters and histograms, kept as plain numbers so that counting costs next to nothing; Prometheus' text is made when somebody asks.
 * What the process itself tells (memory, event loop, handles) comes from `prom-client`, loaded at the first scrape.
 */

type Labels = readonly string[]

export interface Counter {
  /** @param values of the labels, in their order. */
  add(values: Labels, by?: number): void
}

export interface Histogram {
  observe(values: Labels, value: number): void
}

export interface MetricDescription {
  /** With the unit last: `apiserver_request_duration_seconds`. */
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

export interface Metrics {
  counter(description: MetricDescription): Counter
  /** @param description.buckets upper bounds, ascending; `+Inf` is added. */
  histogram(description: MetricDescription & { readonly buckets: readonly number[] }): Histogram
  /** Read when somebody asks. */
  gauge(description: MetricDescription, read: () => number): void
  render(): Promise<{ readonly contentType: string; readonly text: string }>
}

interface Family {
  readonly description: MetricDescription
  readonly type: 'counter' | 'gauge' | 'histogram'
  lines(): readonly string[]
}

export function createMetrics(): Metrics {
  const families: Family[] = []
  return {
    counter(description) {
      const { family, counter } = newCounter(description)
      families.push(family)
      return counter
    },
    histogram(description) {
      const { family, histogram } = newHistogram(description)
      families.push(family)
      return histogram
    },
    gauge(description, read) {
      families.push({ description, type: 'gauge', lines: () => [`${description.name} ${read()}`] })
    },
    async render() {
      const own = families.map(renderFamily).join('')
      return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: own + (await processMetrics()) }
    },
  }
}

const renderFamily = ({ description, type, lines }: Family): string => `# HELP ${description.name} ${description.help}\n# TYPE ${description.name} ${type}\n${lines().map((line) => `${line}\n`).join('')}`

const escape = (value: string): string => value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"')

function labelText(names: readonly string[], values: Labels, more = ''): string {
  const pairs = names.map((name, index) => `${name}="${escape(values[index] ?? '')}"`)
  if (more !== '') pairs.push(more)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Cannot stand in a label that we write. */
const SEPARATOR = '\u0000'

function newCounter(description: MetricDescription): { readonly family: Family; readonly counter: Counter } {
  const names = description.labels ?? []
  const counts = new Map<string, { readonly values: Labels; count: number }>()
  const lines = (): readonly string[] => [...counts.values()].map(({ values, count }) => `${description.name}${labelText(names, values)} ${count}`)
  return {
    family: { description, type: 'counter', lines },
    counter: {
      add(values, by = 1) {
        const key = values.join(SEPARATOR)
        const kept = counts.get(key)
        if (kept) kept.count += by
        else counts.set(key, { values, count: by })
      },
    },
  }
}

interface Observations {
  readonly values: Labels
  readonly buckets: number[]
  sum: number
  count: number
}

function newHistogram(description: MetricDescription & { readonly buckets: readonly number[] }): { readonly family: Family; readonly histogram: Histogram } {
  const series = new Map<string, Observations>()
  return {
    family: { description, type: 'histogram', lines: () => [...series.values()].flatMap((one) => histogramLines(description, one)) },
    histogram: {
      observe(values, value) {
        const key = values.join(SEPARATOR)
        const kept = series.get(key) ?? { values, buckets: description.buckets.map(() => 0), sum: 0, count: 0 }
        series.set(key, kept)
        kept.sum += value
        kept.count++
        const at = description.buckets.findIndex((bound) => value <= bound)
        if (at >= 0) kept.buckets[at] = (kept.buckets[at] ?? 0) + 1
      },
    },
  }
}

function histogramLines(description: MetricDescription & { readonly buckets: readonly number[] }, { values, buckets, sum, count }: Observations): readonly string[] {
  const { name } = description
  const names = description.labels ?? []
  let upTo = 0
  const lines = description.buckets.map((bound, index) => {
    upTo += buckets[index] ?? 0
    return `${name}_bucket${labelText(names, values, `le="${bound}"`)} ${upTo}`
  })
  return [...lines, `${name}_bucket${labelText(names, values, 'le="+Inf"')} ${count}`, `${name}_sum${labelText(names, values)} ${sum}`, `${name}_count${labelText(names, values)} ${count}`]
}

let ofProcess: Promise<{ metrics(): Promise<string> }> | undefined

async function processMetrics(): Promise<string> {
  ofProcess ??= (async () => {
    const { Registry, collectDefaultMetrics } = await import('prom-client')
    const register = new Registry()
    collectDefaultMetrics({ register })
    return register
  })()
  return (await ofProcess).metrics()
}
