/**
 * Kubernetes' `$(NAME)` in commands, arguments, variables and sub paths: a name that is known is replaced, one that is not stays as written,
 * `$$` becomes `$` (so `$$(NAME)` is the literal `$(NAME)`), any other `$` stays.
 */
export const expandVariables = (text: string, known: Readonly<Record<string, string>>): string => expandBy(text, (name) => valueOf(known, name))

/** The first name in the text that is not known; undefined when all are. */
export function unknownVariable(text: string, known: Readonly<Record<string, string>>): string | undefined {
  let unknown: string | undefined
  expandBy(text, (name) => {
    const value = valueOf(known, name)
    if (value === undefined) unknown ??= name
    return value
  })
  return unknown
}

const valueOf = (known: Readonly<Record<string, string>>, name: string): string | undefined => (Object.hasOwn(known, name) ? known[name] : undefined)

function expandBy(text: string, valueBy: (name: string) => string | undefined): string {
  let result = ''
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0 || dollar + 1 >= text.length) return result + text.slice(at)
    result += text.slice(at, dollar)
    const next = text.charAt(dollar + 1)
    const close = next === '(' ? text.indexOf(')', dollar + 2) : -1
    if (next === '$') {
      result += '$'
      at = dollar + 2
    } else if (close >= 0) {
      result += valueBy(text.slice(dollar + 2, close)) ?? text.slice(dollar, close + 1)
      at = close + 1
    } else {
      // A `$` before anything else, or `$(` that never ends.
      result += text.slice(dollar, dollar + 2)
      at = dollar + 2
    }
  }
  return result
}
