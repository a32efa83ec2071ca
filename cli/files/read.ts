/** The files that `-f` names: files, folders, standard input. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Call } from '../program/command.ts'
import { Problem, usageProblem } from '../program/problem.ts'

export interface SourceFile {
  /** As it is named in messages. */
  readonly name: string
  readonly text: string
}

const MANIFEST = /\.(?:json|ya?ml)$/

/** @throws Problem for what is not there or cannot be read */
export async function readSources(call: Pick<Call, 'flags' | 'terminal' | 'command'>): Promise<readonly SourceFile[]> {
  const named = call.flags.list('filename').flatMap((words) => words.split(','))
  if (named.length === 0) throw usageProblem('must specify one of -f and -k', call.command)
  const files: SourceFile[] = []
  for (const name of named) {
    if (name === '-') files.push({ name: 'STDIN', text: await call.terminal.readAll() })
    else files.push(...filesAt(name, call.flags.is('recursive')).map((file) => ({ name: file, text: readText(file) })))
  }
  return files
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem(`the path "${file}" cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

function filesAt(path: string, recursive: boolean): readonly string[] {
  if (/^https?:\/\//.test(path)) throw new Problem(`"${path}": gantry reads no URLs: fetch it first, then "gantry apply -f FILE"`)
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) throw new Problem(`the path "${path}" does not exist`)
  if (!stat.isDirectory()) return [path]
  const found = readdirSync(path, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? (recursive ? filesAt(join(path, entry.name), true) : []) : MANIFEST.test(entry.name) ? [join(path, entry.name)] : []))
  if (found.length === 0 && !recursive) throw new Problem(`error reading [${path}]: recognized file extensions are [.json .yaml .yml]`)
  return found
}
