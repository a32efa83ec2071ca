/** What of the warnings of a request reaches its client. */

/** When all warnings are longer than this together, in characters, each is shortened… */
export const MAX_WARNINGS_LENGTH = 4096
/** …to this. */
export const SHORTENED_LENGTH = 256
/** And no more of them are told than fit then. */
export const MAX_SHORTENED = MAX_WARNINGS_LENGTH / SHORTENED_LENGTH
