import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { Status, StatusCause } from '../../../shared/model/gen/api.ts'

/** The frames a node sends. */

const bytesOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const stdoutFrame = (bytes: Uint8Array): StreamFrame => ({ frame: { $case: 'stdout', value: bytesOf(bytes) } })
export const stderrFrame = (bytes: Uint8Array): StreamFrame => ({ frame: { $case: 'stderr', value: bytesOf(bytes) } })
export const startedFrame: StreamFrame = { frame: { $case: 'started', value: true } }

/** The last frame: success, or why not. */
export const endedFrame = (status?: Status): StreamFrame => ({ frame: { $case: 'ended', value: { status: status === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(status)) } } })

export interface Refusal {
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly causes?: readonly StatusCause[]
}

/** A `metav1.Status` that says no. */
export const failure = ({ code, reason, message, causes }: Refusal): Status => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...(causes === undefined ? {} : { details: { causes } }), code })

export const badRequest = (message: string): Status => failure({ code: 400, reason: 'BadRequest', message })
export const notFound = (message: string): Status => failure({ code: 404, reason: 'NotFound', message })
export const internalError = (message: string): Status => failure({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}` })

/** A command that ran and failed, as kubelet tells it: clients read the code from the cause. */
export const exitStatus = (exitCode: number): Status | undefined =>
  exitCode === 0
    ? undefined
    : { metadata: {}, status: 'Failure', message: `command terminated with non-zero exit code: command terminated with exit code ${exitCode}`, reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] } }
