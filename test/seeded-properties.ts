import { join } from 'node:path'

/** Where tests that import fast-check are led to. */
export const seededProperties = { alias: [{ find: /^fast-check$/, replacement: join(import.meta.dirname, 'seeded-fast-check.ts') }] }
