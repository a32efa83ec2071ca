/** The `gantry` command. */
import { processTerminal } from './program/terminal.ts'
import { run } from './program/run.ts'

let interrupted: AbortController | undefined

/** The first interrupt asks the command to end; the second ends it. Made when asked for: most commands are over before it would matter. */
function interruption(): AbortSignal {
  if (interrupted) return interrupted.signal
  const controller = new AbortController()
  interrupted = controller
  const interrupt = (): void => (controller.signal.aborted ? process.exit(130) : controller.abort())
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return controller.signal
}

const exitCode = await run(process.argv.slice(2), {
  terminal: processTerminal(),
  env: process.env,
  get signal() {
    return interruption()
  },
})
// Kept connections need no farewell.
process.exit(exitCode)
