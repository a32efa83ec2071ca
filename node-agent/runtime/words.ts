/** The OCI runtimes' words for the same things, said in one way: as runc says them, which people know from Kubernetes. */
export function plainWords(message: string): string {
  const text = logged(message.replace(COLOURS, '').trim())
    // conmon hands over the runtime's log lines, each with its time and level.
    .replace(/^(?:\d{4}-\d\d-\d\dT\S+: )?(?:error: )?/, '')
    .trim()
  const missing = /executable file `(.*)` not found(?: in \$PATH)?(?:: No such file or directory)?/.exec(text)
  if (missing) return text.replace(missing[0], `exec: "${missing[1] ?? ''}": executable file not found in $PATH`)
  const unmapped = /^mount_setattr `(.*)`: (?:Invalid argument|Operation not supported)$/.exec(text)
  if (unmapped) return `failed to set up the id-mapped mount of ${unmapped[1] ?? ''}: its file system cannot be shown with other owners, which hostUsers: false needs`
  return text
}

/** On a terminal crun paints even what it writes to its log. */
const COLOURS = /\u001b\[[\d;]*m/g

/** The message in a line of runc's log: `time="…" level=error msg="…"`. */
function logged(line: string): string {
  const quoted = /\bmsg=("(?:[^"\\]|\\.)*")/.exec(line)?.[1]
  return quoted === undefined ? line : quoted.slice(1, -1).replace(/\\(["\\])/g, '$1')
}
