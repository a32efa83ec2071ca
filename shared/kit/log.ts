import { pino } from 'pino'

/** A logger with stable keys (`node`, `pod`, `uid`, `revision`, `err`). Never give it a secret. */
export interface Log {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
  child(fields: Readonly<Record<string, unknown>>): Log
}

/** @param level pino's: `debug`, `info`, `warn`, `error`, `silent`. Writes JSON lines to standard error. */
export function createLog(fields: Readonly<Record<string, unknown>>, level = process.env['GANTRY_LOG'] ?? 'info'): Log {
  return pino({ level, base: { ...fields }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }))
}

/** A log that says nothing, for tests. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silentLog }
