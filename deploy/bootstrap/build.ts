/** Bundles the three programs into `dist/`: a few files start several times faster than four hundred. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { etcdProtocol, nodeModules, noSubprograms, parsedJson, unusedParts } from './plugins.ts'

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
  plugins: [noSubprograms, nodeModules, etcdProtocol, unusedParts, parsedJson],
  logLevel: 'error',
} as const satisfies BuildOptions

async function buildProgram(name: string, source: string): Promise<void> {
  await build({ ...SHARED, entryPoints: [join(root, source)], outfile: join(root, `dist/${name}.bundle.mjs`) })
  writeFileSync(join(root, `dist/${name}.mjs`), entry(`${name}.bundle.mjs`))
}

/** The lab is loaded by the few commands that need it: it makes up half of what the command is. */
const labApart: Plugin = {
  name: 'lab-apart',
  setup(building) {
    building.onResolve({ filter: /\/deploy\/lab\/lab\.ts$/ }, () => ({ path: './gantry-lab.bundle.mjs', external: true }))
  },
}

/** So are the schemas, which only files are compared with. */
const schemasApart: Plugin = {
  name: 'schemas-apart',
  setup(building) {
    building.onLoad({ filter: /\/schemas\.json$/ }, ({ path }) => {
      writeFileSync(join(root, 'dist/schemas.json'), JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))))
      return { contents: `export default JSON.parse(process.getBuiltinModule('node:fs').readFileSync(new URL('./schemas.json', import.meta.url), 'utf8'))`, loader: 'js' }
    })
  },
}

/** Called often, by people who wait: small, and without what is needed rarely. */
async function buildCommand(): Promise<void> {
  const options = { ...SHARED, mainFields: ['module', 'main'], minifySyntax: true, minifyWhitespace: true }
  await Promise.all([
    build({ ...options, plugins: [labApart, schemasApart, ...SHARED.plugins], entryPoints: [join(root, PROGRAMS.gantry)], outfile: join(root, 'dist/gantry.bundle.mjs') }),
    build({ ...options, entryPoints: [join(root, 'deploy/lab/lab.ts')], outfile: join(root, 'dist/gantry-lab.bundle.mjs') }),
  ])
  writeFileSync(join(root, 'dist/gantry.mjs'), entry('gantry.bundle.mjs'))
}

mkdirSync(join(root, 'dist'), { recursive: true })
rmSync(join(root, 'dist/gantry'), { recursive: true, force: true })
await Promise.all(Object.entries(PROGRAMS).map(async ([name, source]) => (name === 'gantry' ? buildCommand() : buildProgram(name, source))))
chmodSync(join(root, 'dist/gantry.mjs'), 0o755)
