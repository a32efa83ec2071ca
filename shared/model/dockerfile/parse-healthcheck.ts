import { commandOf, flagOf, invalid, type ParsedWork, unknownFlag, type Written } from './written.ts'

const TIMES = ['interval', 'timeout', 'start-period', 'start-interval'] as const

/** HEALTHCHECK, in the form that Docker's images carry. Pure. */
export function parseHealthcheck({ flags, rest }: Written): ParsedWork {
  const problem = unknownFlag(flags, [...TIMES, 'retries'], 'HEALTHCHECK')
  if (problem !== undefined) return invalid(problem)
  const [, word = '', command = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? []
  if (word.toUpperCase() === 'NONE') return command === '' ? { kind: 'healthcheck', check: { test: ['NONE'] } } : invalid('HEALTHCHECK NONE takes no arguments')
  if (word.toUpperCase() !== 'CMD') return invalid(`unknown type ${JSON.stringify(word)} in HEALTHCHECK (try CMD)`)
  if (command === '') return invalid('missing command after HEALTHCHECK CMD')
  const parsed = commandOf(command)
  const nanos = TIMES.map((name) => nanosOf(flagOf(flags, name)))
  const wrong = TIMES.find((_, at) => nanos[at] === 'invalid')
  if (wrong !== undefined) return invalid(`--${wrong} must be a time such as 30s or 1m30s`)
  const retries = flagOf(flags, 'retries')
  if (retries !== undefined && !/^\d+$/.test(retries)) return invalid('--retries must be a number')
  const [interval, timeout, startPeriod, startInterval] = nanos.map((value) => (value === 'invalid' ? undefined : value))
  return {
    kind: 'healthcheck',
    check: {
      test: parsed.form === 'exec' ? ['CMD', ...parsed.words] : ['CMD-SHELL', parsed.text],
      ...(interval === undefined ? {} : { intervalNanos: interval }),
      ...(timeout === undefined ? {} : { timeoutNanos: timeout }),
      ...(startPeriod === undefined ? {} : { startPeriodNanos: startPeriod }),
      ...(startInterval === undefined ? {} : { startIntervalNanos: startInterval }),
      ...(retries === undefined ? {} : { retries: Number(retries) }),
    },
  }
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

function nanosOf(text: string | undefined): number | undefined | 'invalid' {
  if (text === undefined) return undefined
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/.test(text)) return 'invalid'
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)].reduce((sum, [, amount = '0', unit = 's']) => sum + Math.round(Number(amount) * (UNITS[unit] ?? 0)), 0)
}
