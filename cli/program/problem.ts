/** A "no" on its way to the person at the keyboard: printed as `error: …`, and the process ends with the code. */
export class Problem extends Error {
  readonly exitCode: number
  /** Printed as it is, without `error: ` in front. */
  readonly bare: boolean

  constructor(message: string, { exitCode = 1, bare = false, cause }: { readonly exitCode?: number; readonly bare?: boolean; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Problem'
    this.exitCode = exitCode
    this.bare = bare
  }
}

/** Something about how the command was written; the help is pointed at. */
export const usageProblem = (message: string, command: string): Problem => new Problem(`${message}\nSee 'gantry ${command} -h' for help and examples`)
