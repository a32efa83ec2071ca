/** Prints objects in the formats of `-o` that are not tables. */
import type { ApiObject } from '../cluster/cluster.ts'
import { Problem } from '../program/problem.ts'
import { isList, itemsOf, nameOf } from './items.ts'

export type ObjectPrinter = (object: ApiObject) => string | Promise<string>

export interface PrinterOptions {
  readonly showManagedFields?: boolean
  readonly noHeaders?: boolean
}

const FORMATS = ['custom-columns', 'custom-columns-file', 'json', 'jsonpath', 'jsonpath-as-json', 'jsonpath-file', 'name', 'wide', 'yaml']

function withoutManagedFields(object: ApiObject): ApiObject {
  if (isList(object)) return { ...object, items: itemsOf(object).map(withoutManagedFields) }
  if (!object.metadata || !('managedFields' in object.metadata)) return object
  const { managedFields: _left, ...metadata } = object.metadata as unknown as Readonly<Record<string, unknown>>
  return { ...object, metadata }
}

/** The printer for an `-o`, or `undefined` for a table. @throws Problem for a format nobody knows */
export async function printerFor(output: string, { showManagedFields = false, noHeaders = false }: PrinterOptions = {}): Promise<ObjectPrinter | undefined> {
  const at = output.indexOf('=')
  const [format, argument] = at < 0 ? [output, undefined] : [output.slice(0, at), output.slice(at + 1)]
  const prepared = (print: ObjectPrinter): ObjectPrinter => (showManagedFields ? print : (object) => print(withoutManagedFields(object)))
  switch (format) {
    case '':
    case 'wide':
      return undefined
    case 'json':
      return prepared((await import('./json.ts')).jsonText)
    case 'yaml':
      return prepared((await import('../../shared/model/yaml-text.ts')).yamlText)
    case 'name':
      return (object) => itemsOf(object).map((item) => `${nameOf(item)}\n`).join('')
    case 'jsonpath':
    case 'jsonpath-as-json':
    case 'jsonpath-file':
      return await jsonPathPrinter(format, argument)
    case 'custom-columns':
    case 'custom-columns-file': {
      const { customColumns } = await import('./custom-columns.ts')
      const spec = format === 'custom-columns' ? argument : await fileText(argument, format)
      return customColumns(spec, { noHeaders, fromFile: format === 'custom-columns-file' })
    }
    case 'go-template':
    case 'go-template-file':
    case 'template':
    case 'templatefile':
      throw new Problem(`-o ${format} needs Go's templates, which gantry does not have: say it with -o jsonpath=TEMPLATE or -o custom-columns=SPEC, or ask kubectl`)
    default:
      throw new Problem(`unable to match a printer suitable for the output format "${format}", allowed formats are: ${FORMATS.join(',')}`)
  }
}

async function fileText(path: string | undefined, format: string): Promise<string> {
  if (path === undefined || path === '') throw new Problem(`${format} needs a file: -o ${format}=FILE`)
  const { readFileSync } = await import('node:fs')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Problem(`error reading ${format} ${path}: ${(error as Error).message}`, { cause: error })
  }
}

async function jsonPathPrinter(format: string, argument: string | undefined): Promise<ObjectPrinter> {
  const template = format === 'jsonpath-file' ? await fileText(argument, format) : argument
  if (template === undefined || template === '') throw new Problem('template format specified but no template given')
  const { jsonPathText, jsonPathValues, barePath } = await import('./jsonpath/evaluate.ts')
  if (format !== 'jsonpath-as-json') return (object) => jsonPathText(template, object)
  const { jsonText } = await import('./json.ts')
  return (object) => jsonText(jsonPathValues(barePath(template), object))
}
