/** Says that a `switch` over a closed union has no case left: a new member of the union stops compiling here. */
export function assertNever(value: never): never {
  throw new Error(`a case nobody thought of: ${JSON.stringify(value)}`)
}
