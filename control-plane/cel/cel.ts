/** The door of this room: the Common Expression Language with Kubernetes' libraries, checked before it runs. */
import { authorization } from './authorizer.ts'
import { problemsText, type Expression } from './ast.ts'
import { check, type Checked } from './check.ts'
import { type Bindings, evaluatorOf, type Meter } from './evaluate.ts'
import { kubernetes } from './kubernetes.ts'
import { comparingLibraries, libraries } from './libraries.ts'
import { functionsOf } from './overloads.ts'
import { literalProblems } from './literal-problems.ts'
import { comparingStandard, standard } from './standard.ts'
import { readExpression } from './syntax.ts'
import type { CelType } from './types.ts'
import type { Value } from './values.ts'

export interface Program {
  readonly expression: Expression
  readonly checked: Checked
  readonly type: CelType
  /** Throws a CelFault where the expression has no value. What it cost is added to the meter. */
  run(bindings: Bindings, meter?: Meter): Value
}

export type Compiled = { readonly kind: 'compiled'; readonly program: Program } | { readonly kind: 'refused'; readonly message: string }

/** Longer texts are not read. */
const MOST_CHARACTERS = 100_000

const functions = functionsOf({ ...standard, ...libraries, ...kubernetes, ...authorization }, { ...comparingStandard, ...comparingLibraries })

/** @param variables what the expression may name. */
export function compile(text: string, variables: ReadonlyMap<string, CelType>): Compiled {
  try {
    return compileShallow(text, variables)
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'refused', message: 'ERROR: <input>:-1:0: expression recursion limit exceeded: 250' }
    throw error
  }
}

function compileShallow(text: string, variables: ReadonlyMap<string, CelType>): Compiled {
  const size = text.length > MOST_CHARACTERS ? [...text].length : 0
  if (size > MOST_CHARACTERS) return { kind: 'refused', message: `ERROR: <input>:-1:0: expression code point size exceeds limit: size: ${size}, limit ${MOST_CHARACTERS}` }
  const { expression, problems: misread } = readExpression(text)
  if (misread.length > 0) return { kind: 'refused', message: problemsText(text, misread) }
  const checked = check(expression, variables, functions)
  const problems = checked.problems.length > 0 ? checked.problems : literalProblems(expression, checked)
  if (problems.length > 0) return { kind: 'refused', message: problemsText(text, problems) }
  return { kind: 'compiled', program: { expression, checked, type: checked.type, run: evaluatorOf(expression, checked) } }
}
