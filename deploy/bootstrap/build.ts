/**
 * Bundles the three programs into `dist/`: a few files start several times faster than four hundred. Files are moved in whole when all are made, the
 * entries last: who starts a program meanwhile finds one, and a build that fails changes nothing.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { nodeModules, noSubprograms, parsedJson, unusedParts } from './plugins.ts'

const root = join(import.meta.dirname, '../..')
const dist = join(root, 'dist')

/** What has been made, by name. */
const made = new Map<string, string | Uint8Array>()

/** One letter beyond Latin, in a comment even, and the whole program's text takes two bytes a letter in memory; an escape means the same wherever code has such letters. */
const inAscii = (text: string): string => text.replace(/[^\u0000-\u007f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)

async function bundle(options: BuildOptions): Promise<void> {
  const { outputFiles } = await build({ ...options, write: false })
  for (const { path, contents, text } of outputFiles) made.set(basename(path), path.endsWith('.mjs') ? inAscii(text) : contents)
}

const PROGRAMS = { gantry: 'cli/main.ts', 'control-plane': 'control-plane/main.ts', agent: 'node-agent/main.ts' } as const

/** Entries of worker threads, started by the file of that name beside the program's own. */
const THREADS = { 'control-plane-heartbeats': 'control-plane/heartbeats/thread.ts', 'control-plane-documents': 'control-plane/apiserver/openapi/thread.ts', 'agent-keeper': 'node-agent/fencing/thread.ts' } as const

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

/** What the API's types mean is read when somebody asks for it. */
const descriptionsApart: Plugin = {
  name: 'descriptions-apart',
  setup(building) {
    building.onLoad({ filter: /\/openapi\/description-file\.ts$/ }, () => {
      made.set('descriptions.json', readFileSync(join(root, 'shared/model/gen/descriptions.json')))
      return { contents: `export const descriptionFile = new URL('./descriptions.json', import.meta.url)`, loader: 'js' }
    })
  },
}

const SHARED = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  sourcemap: 'linked',
  sourcesContent: false,
  banner: { js: BANNER },
  external: ['@lydell/node-pty', '@lydell/node-pty-*'],
  plugins: [noSubprograms, nodeModules, unusedParts, descriptionsApart, parsedJson],
  logLevel: 'error',
} as const satisfies BuildOptions

async function buildProgram(name: string, source: string): Promise<void> {
  // An agent has a use for them where it has static pods, a control plane always.
  const plugins = name === 'agent' ? [schemasApart, ...SHARED.plugins] : SHARED.plugins
  await bundle({ ...SHARED, plugins, entryPoints: [join(root, source)], outfile: join(root, `dist/${name}.bundle.mjs`) })
  made.set(`${name}.mjs`, entry(`${name}.bundle.mjs`))
}

async function buildThread(name: string, source: string): Promise<void> {
  await bundle({ ...SHARED, entryPoints: [join(root, source)], outfile: join(root, `dist/${name}.bundle.mjs`) })
}

/** The lab is loaded by the few commands that need it: it makes up half of what the command is. */
const labApart: Plugin = {
  name: 'lab-apart',
  setup(building) {
    building.onResolve({ filter: /\/deploy\/lab\/lab\.ts$/ }, () => ({ path: './gantry-lab.bundle.mjs', external: true }))
  },
}

/** So are the schemas, which only files are compared with: those given to the command, and those of static pods. */
const schemasApart: Plugin = {
  name: 'schemas-apart',
  setup(building) {
    building.onLoad({ filter: /\/schemas\.json$/ }, ({ path }) => {
      made.set('schemas.json', JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))))
      return { contents: `export default JSON.parse(process.getBuiltinModule('node:fs').readFileSync(new URL('./schemas.json', import.meta.url), 'utf8'))`, loader: 'js' }
    })
  },
}

/** Called often, by people who wait: small, and without what is needed rarely. */
async function buildCommand(): Promise<void> {
  const options = { ...SHARED, mainFields: ['module', 'main'], minifySyntax: true, minifyWhitespace: true }
  await Promise.all([
    bundle({ ...options, plugins: [labApart, schemasApart, ...SHARED.plugins], entryPoints: [join(root, PROGRAMS.gantry)], outfile: join(root, 'dist/gantry.bundle.mjs') }),
    bundle({ ...options, entryPoints: [join(root, 'deploy/lab/lab.ts')], outfile: join(root, 'dist/gantry-lab.bundle.mjs') }),
  ])
  made.set('gantry.mjs', entry('gantry.bundle.mjs'))
}

const isEntry = (file: string): boolean => /^[a-z-]+\.mjs$/.test(file)

function moveIn(): void {
  mkdirSync(dist, { recursive: true })
  const newName = (file: string): string => join(dist, `.new-${process.pid}-${file}`)
  const files = [...made.keys()].toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
  try {
    for (const [file, contents] of made) writeFileSync(newName(file), contents)
    chmodSync(newName('gantry.mjs'), 0o755)
    for (const file of files) renameSync(newName(file), join(dist, file))
  } finally {
    for (const file of files) rmSync(newName(file), { force: true })
  }
}

await Promise.all([
  ...Object.entries(PROGRAMS).map(async ([name, source]) => (name === 'gantry' ? buildCommand() : buildProgram(name, source))),
  ...Object.entries(THREADS).map(([name, source]) => buildThread(name, source)),
])
moveIn()
