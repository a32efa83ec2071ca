import type { LogChunk, LogFiles } from './port.ts'

/** Logs in memory: `lines` by path, all on standard output. */
export function fakeLogFiles(): LogFiles & { readonly lines: Map<string, readonly string[]> } {
  const lines = new Map<string, readonly string[]>()
  return {
    lines,
    async *read(path, query): AsyncIterable<LogChunk> {
      const all = lines.get(path) ?? []
      for (const line of query.tailLines === undefined ? all : all.slice(-query.tailLines)) yield { stream: 'stdout', bytes: new TextEncoder().encode(`${line}\n`) }
    },
    size: async () => 0,
    tail: async (path, limits) => (lines.get(path) ?? []).slice(-limits.lines).map((line) => `${line}\n`).join(''),
    rotate: async () => false,
    async remove(path) {
      for (const known of lines.keys()) if (known === path || known.startsWith(`${path}/`)) lines.delete(known)
    },
  }
}
