import { type FieldError, forbidden, notSupported, required } from '../../../shared/model/field-error.ts'

const named = 'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(' ')
const realTime = Array.from({ length: 14 }, (_, index) => [`RTMIN+${index + 1}`, `RTMAX-${index + 1}`]).flat()
const linuxSignals = [...named, 'RTMIN', 'RTMIN+15', 'RTMAX', ...realTime].map((name) => `SIG${name}`).sort()
const windowsSignals = ['SIGKILL', 'SIGTERM']

/** The signal that asks a container to end; which there are depends on the system, so that has to be named. */
export function validateStopSignal(signal: string, field: string, os: string | undefined): readonly FieldError[] {
  if (signal === '') return [required(field, 'must not be empty')]
  if (os === undefined) return [forbidden(field, 'may not be set for containers with empty `spec.os.name`')]
  const signals = os === 'windows' ? windowsSignals : linuxSignals
  return signals.includes(signal) ? [] : [notSupported(field, signal, signals)]
}
