/** What the build does with libraries, so that programs start quickly: each plugin leaves a piece of work out of every start. */
import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

/** Never used: express offers them, and loads 700 KB for it; gRPC has them for services that we do not serve. */
const UNUSED = /^(?:body-parser|@grpc\/proto-loader)$/

export const unusedParts: Plugin = {
  name: 'unused-parts',
  setup(building) {
    building.onResolve({ filter: UNUSED }, ({ path, importer }) => (/express|grpc-js/.test(importer) ? { path, namespace: 'gantry-unused' } : undefined))
    building.onLoad({ filter: /.*/, namespace: 'gantry-unused' }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}

/** JSON is parsed several times faster as JSON than as JavaScript. */
export const parsedJson: Plugin = {
  name: 'parsed-json',
  setup(building) {
    building.onLoad({ filter: /\.json$/ }, ({ path, with: attributes }) => {
      if (attributes['type'] !== 'json') return undefined
      return { contents: `export default JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))))})`, loader: 'js' }
    })
  },
}

/**
 * Importing a module of Node reads every property of it, and some are made when they are read: `node:http` loads a whole second HTTP client (40 ms) for
 * a class that nobody asked for. Here each is read only where it is used.
 */
export const nodeModules: Plugin = {
  name: 'node-modules',
  setup(building) {
    building.onResolve({ filter: /^(?:node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      return kind === 'import-statement' && isBuiltin(`node:${name}`) && (path.startsWith('node:') || isBuiltin(name)) ? { path: `node:${name}`, namespace: 'gantry-node', sideEffects: false } : undefined
    })
    building.onLoad({ filter: /.*/, namespace: 'gantry-node' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default')
      const lines = names.map((name) => `const $${name} = /* @__PURE__ */ read('${name}'); export { $${name} as ${name} }`)
      return { contents: `const module = process.getBuiltinModule('${path}')\nconst read = (name) => module[name]\nexport default module\n${lines.join('\n')}\n`, loader: 'js' }
    })
  },
}

/** commander can run programs as subcommands, which nobody does here; what it loads for that costs more than all the rest of a start. */
export const noSubprograms: Plugin = {
  name: 'no-subprograms',
  setup(building) {
    building.onResolve({ filter: /^node:child_process$/ }, ({ importer }) => (/\/commander\//.test(importer) ? { path: 'node:child_process', namespace: 'gantry-unused' } : undefined))
  },
}
