/** A build as its tests see it: what is sent, and what its lines came to. */
import { type TarInput, writeTar } from '../../node-agent/images/tar-writer.ts'
import type { BuildLine, BuildRequest } from '../../shared/model/image-api.ts'

export interface Built {
  readonly id: string
  readonly failed: string
  readonly output: string
  /** How each step ended. */
  readonly steps: ReadonlyArray<readonly [name: string, state: string]>
  readonly warnings: readonly string[]
}

export async function* bodyOf(request: BuildRequest, context: readonly TarInput[]): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(request)}\n`)
  yield writeTar(context)
}

export function builtOf(lines: readonly BuildLine[]): Built {
  return {
    id: lines.flatMap((line) => (line.kind === 'done' ? line.id : []))[0] ?? '',
    failed: lines.flatMap((line) => (line.kind === 'failed' ? line.message : []))[0] ?? '',
    output: lines.flatMap((line) => (line.kind === 'output' ? line.text : [])).join(''),
    steps: lines.flatMap((line) => (line.kind === 'step' && line.state !== 'started' ? [[line.name, line.state] as const] : [])),
    warnings: lines.flatMap((line) => (line.kind === 'warning' ? line.message : [])),
  }
}

/** Two stages, with what a Dockerfile has most. */
export const FILE = `
ARG BASE=base:1
FROM \${BASE} AS build
ARG WHO=world
ENV GREETING="hello \${WHO:-nobody}"
WORKDIR /work/deep
COPY src/*.txt notes/
RUN --mount=type=cache,target=/cache echo "$GREETING" > made && cat notes/a.txt && touch /cache/seen && rm /etc/shadow
FROM scratch
COPY --from=build --chown=33 /work/deep /out
COPY --chmod=600 <<EOT /out/here.txt
from below
EOT
USER 33
LABEL a=b
ENTRYPOINT ["/out/made"]
CMD --help
`

export const CONTEXT: readonly TarInput[] = [
  { name: 'src/', kind: 'folder', mode: 0o750 },
  { name: 'src/a.txt', content: 'alpha\n' },
  { name: 'src/b.txt', content: 'beta\n', mode: 0o755 },
  { name: 'src/c.md', content: 'gamma\n' },
]
