/** Bundles the three programs into `dist/`: a few files start several times faster than four hundred. */
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { etcdProtocol, nodeModules, parsedJson, unusedParts } from './plugins.ts'

const root = join(import.meta.dirname, '../..')

const PROGRAMS = { gantry: 'cli/main.ts', 'control-plane': 'control-plane/main.ts', agent: 'node-agent/main.ts' } as const

/** CommonJS libraries inside an ES module bundle still call `require`. */
const BANNER = `import { createRequire as gantryCreateRequire } from 'node:module'; const require = gantryCreateRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;`

/**
 * Compiled code is kept beside the bundle, so that a second start does not compile again: written a while after the start (a process that is
 * killed would never write it), when the functions that a start needs have been compiled.
 */
const entry = (file: string): string => `import module from 'node:module'
module.enableCompileCache(new URL('./.cache', import.meta.url).pathname)
setTimeout(() => module.flushCompileCache(), 5000).unref()
await import('./${file}')
`

const SHARED = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  sourcemap: 'linked',
  sourcesContent: false,
  banner: { js: BANNER },
  external: ['@lydell/node-pty', '@lydell/node-pty-*'],
  plugins: [nodeModules, etcdProtocol, unusedParts, parsedJson],
  logLevel: 'error',
} as const satisfies BuildOptions

/** One file: everything of the program is needed at once. */
async function buildWhole(name: string, source: string): Promise<void> {
  await build({ ...SHARED, entryPoints: [join(root, source)], outfile: join(root, `dist/${name}.bundle.mjs`) })
  writeFileSync(join(root, `dist/${name}.mjs`), entry(`${name}.bundle.mjs`))
}

/** A file for each part: a command loads what it needs. What an earlier build left is removed. */
async function buildInParts(name: string, source: string): Promise<void> {
  const folder = join(root, 'dist', name)
  const { metafile } = await build({ ...SHARED, entryPoints: { main: join(root, source) }, outdir: folder, splitting: true, mainFields: ['module', 'main'], outExtension: { '.js': '.mjs' }, chunkNames: '[name]-[hash]', metafile: true, absWorkingDir: root })
  const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)))
  for (const file of readdirSync(folder)) if (!made.has(file)) rmSync(join(folder, file), { recursive: true })
  writeFileSync(join(root, `dist/${name}.mjs`), entry(`${name}/main.mjs`))
}

mkdirSync(join(root, 'dist'), { recursive: true })
await Promise.all(Object.entries(PROGRAMS).map(async ([name, source]) => (name === 'gantry' ? buildInParts(name, source) : buildWhole(name, source))))
chmodSync(join(root, 'dist/gantry.mjs'), 0o755)
