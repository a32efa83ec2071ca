import { Fault } from '../../shared/kit/faults.ts'

/**
 * The connection ended after a request had gone out and before its answer was whole. What only reads may be asked again; of what writes nobody
 * here knows whether it took effect.
 */
export class Unanswered extends Fault {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', message, options)
  }
}

/** The caller's signal ended the wait for an answer; the request had gone out. The cause is the signal's reason. */
export class CancelledMidway extends Fault {
  constructor(options?: ErrorOptions) {
    super('cancelled', 'cancelled', options)
  }
}
