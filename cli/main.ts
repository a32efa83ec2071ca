/** The `gantry` command. */
import { processTerminal } from './program/terminal.ts'
import { run } from './program/run.ts'

const interrupted = new AbortController()
// The first interrupt asks the command to end; the second ends it.
const interrupt = (): void => (interrupted.signal.aborted ? process.exit(130) : interrupted.abort())
process.on('SIGINT', interrupt)
process.on('SIGTERM', interrupt)

const exitCode = await run(process.argv.slice(2), { terminal: processTerminal(), env: process.env, signal: interrupted.signal })
// Kept connections need no farewell.
process.exit(exitCode)
