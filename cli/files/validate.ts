/** Says what is wrong with manifests before anything is sent, and finds the places that the server complains about. */
import { StatusProblem, type Status } from '../cluster/status-problem.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { checkAgainst } from './check.ts'
import { fileProblems, type Manifest } from './manifests.ts'
import { frame, locatedText, type Located } from './position.ts'
import { typeOfKind } from './schemas.ts'
import type { Path } from './yaml-documents.ts'

export type Validation = 'Strict' | 'Warn' | 'Ignore'

/** `--validate`: also `true` and `false`. @throws Problem */
export function validationOf({ flags }: Pick<Call, 'flags'>): Validation {
  switch (flags.text('validate')) {
    case undefined:
    case '':
    case 'true':
    case 'strict':
      return 'Strict'
    case 'warn':
      return 'Warn'
    case 'false':
    case 'ignore':
      return 'Ignore'
    default:
      throw new Problem(`invalid - validate option "${flags.text('validate')}"; must be one of: strict (or true), warn, ignore (or false)`)
  }
}

export function problemsIn(manifest: Manifest): readonly Located[] {
  const type = typeOfKind(manifest.object)
  if (!type) return []
  return checkAgainst(type, manifest.object).map(({ path, at, message }) => {
    const whole = [...manifest.path, ...path]
    return { file: manifest.file, text: manifest.document.source.text, position: at === 'key' ? manifest.document.keyAt(whole) : manifest.document.valueAt(whole), message }
  })
}

/** @throws Problem with everything that is wrong, when validation is strict */
export function validate(manifests: readonly Manifest[], call: Pick<Call, 'flags' | 'terminal'>): void {
  const mode = validationOf(call)
  if (mode === 'Ignore') return
  const problems = manifests.flatMap(problemsIn)
  if (problems.length === 0) return
  if (mode === 'Strict') throw fileProblems(problems)
  for (const problem of problems) call.terminal.err(`Warning: ${locatedText(problem)}\n`)
}

/** Adds to a refusal where in the file the fields are that it speaks of. Answers the same error. */
export function withPlaces(error: unknown, manifest: Manifest): unknown {
  if (!(error instanceof StatusProblem)) return error
  const places = fieldsOf(error.status).map((field) => {
    const position = manifest.document.keyAt([...manifest.path, ...parseField(field)])
    return `${manifest.file}:${position.line}:${position.column}: ${field}\n${frame(manifest.document.source.text, position)}`
  })
  error.hint = [...new Set(places)].join('\n')
  return error
}

/** Fields that the server named, in its causes or in the text of strict decoding. */
function fieldsOf({ message = '', details }: Status): readonly string[] {
  const causes = (details?.causes ?? []).flatMap(({ field }) => (field === undefined || field === '' || field === '<nil>' ? [] : [field]))
  const named = [...message.matchAll(/(?:unknown|duplicate) field "([^"]+)"/g)].map(([, field = '']) => field)
  return [...causes, ...named]
}

/** `spec.containers[0].image`, `metadata.labels[a.b/c]` */
export function parseField(field: string): Path {
  return [...field.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)].map(([, name, inside]) => (name !== undefined ? name : /^\d+$/.test(inside ?? '') ? Number(inside) : (inside ?? '')))
}
