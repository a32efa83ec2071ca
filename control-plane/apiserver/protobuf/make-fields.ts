/**
 * Makes `fields.json` from a program that carries the API's protobuf descriptors: kubectl up to 1.33 does, gzipped, in its own file.
 *
 *   node control-plane/apiserver/protobuf/make-fields.ts /path/to/kubectl
 *
 * What came after 1.33 stands in `newer-fields.json`, written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { allSchemas, type Schema } from '../../../shared/model/schemas/schema.ts'
import { DELIMITED, VARINT, WireReader } from './wire-reader.ts'

/** The fields of a descriptor: numbers, and the bytes of what is delimited. */
type Part = readonly [number: number, value: number | Uint8Array]

function parts(bytes: Uint8Array): readonly Part[] {
  const reader = new WireReader(bytes, 'descriptor')
  const found: Part[] = []
  for (let tag = reader.next(); tag !== undefined; tag = reader.next()) {
    if (tag.wire === VARINT) found.push([tag.number, Number(reader.int64())])
    else if (tag.wire === DELIMITED) found.push([tag.number, reader.bytes()])
    else reader.skip(tag.wire)
  }
  if (reader.problem !== undefined) throw new Error(reader.problem)
  return found
}

const bytesAt = (of: readonly Part[], number: number): readonly Uint8Array[] => of.flatMap(([one, value]) => (one === number && typeof value !== 'number' ? [value] : []))
const textAt = (of: readonly Part[], number: number): string => new TextDecoder().decode(bytesAt(of, number)[0])

const GZIP = Buffer.from([0x1f, 0x8b, 8])

/** Every gzipped piece of the program that is a descriptor of a file of the API. */
function* descriptors(program: Buffer): Iterable<readonly Part[]> {
  for (let at = program.indexOf(GZIP); at >= 0; at = program.indexOf(GZIP, at + 1)) {
    let file: Uint8Array
    try {
      // Where it ends is not known: what follows is no matter.
      file = gunzipSync(program.subarray(at, at + 1_000_000), { finishFlush: constants.Z_SYNC_FLUSH })
    } catch {
      continue
    }
    if (/^\n.k8s\.io\/.*\/generated\.proto/s.test(Buffer.from(file.subarray(0, 120)).toString('latin1'))) yield parts(file)
  }
}

interface DescribedField {
  readonly name: string
  readonly number: number
  /** `k8s.io.api.core.v1.VolumeSource`, of a message. */
  readonly type: string
  /** Go has a pointer there. Where it has a list, a map or bytes nobody asks. */
  readonly isPointer: boolean
}

const NAME = 1
const PACKAGE = 2
const FILE_MESSAGES = 4
const FIELDS = 2
const NUMBER = 3
const LABEL = 4
const TYPE = 5
const TYPE_NAME = 6
const OPTIONS = 8
/** Of gogo's options: whether Go has a pointer, which it has unless this says no. */
const NULLABLE = 65_001
const OPTIONAL = 1
const BYTES = 12

const numberAt = (of: readonly Part[], number: number): number | undefined => of.flatMap(([one, value]) => (one === number && typeof value === 'number' ? [value] : []))[0]

function messages(program: Buffer): ReadonlyMap<string, readonly DescribedField[]> {
  const found = new Map<string, readonly DescribedField[]>()
  for (const file of descriptors(program)) {
    for (const message of bytesAt(file, FILE_MESSAGES).map(parts)) {
      const fields = bytesAt(message, FIELDS).map(parts).map((field) => ({
        name: textAt(field, NAME),
        number: Number(numberAt(field, NUMBER)),
        type: textAt(field, TYPE_NAME).slice(1),
        isPointer: numberAt(field, LABEL) === OPTIONAL && numberAt(field, TYPE) !== BYTES && numberAt(bytesAt(field, OPTIONS).flatMap(parts), NULLABLE) !== 0,
      }))
      found.set(`${textAt(file, PACKAGE)}.${textAt(message, NAME)}`, fields)
    }
  }
  return found
}

const known = messages(readFileSync(process.argv[2] ?? ''))
const table = new Map<string, string>()
const short = (name: string): string => name.replace(/^(?:io\.k8s|k8s\.io)\./, '')

/** A name that the schema lacks, of a message: a struct written inline. Names differ from JSON's in their capitals now and then. */
function add(name: string, schema: Schema): void {
  const properties = Object.keys(schema.properties ?? {})
  const entries = (known.get(`k8s.io.${name}`) ?? []).flatMap(({ name: field, number, type, isPointer }) => {
    const property = properties.find((one) => one === field) ?? properties.find((one) => one.toLowerCase() === field.toLowerCase())
    if (property !== undefined) return [`${property}=${number}${isPointer ? '?' : ''}`]
    if (type === '') throw new Error(`${name}.${field} has no place in the schema`)
    add(short(type), schema)
    return [`*${short(type)}=${number}`]
  })
  if (entries.length > 0) table.set(name, entries.join(' '))
}

/** Quantities, times and the like are known by heart (`small-messages.ts`); nobody sends lists. */
const isAsked = ({ properties }: Schema): boolean => properties !== undefined && !('items' in properties && 'metadata' in properties)

for (const [name, schema] of Object.entries(allSchemas())) if (isAsked(schema)) add(short(name), schema)
const lines = [...table].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, numbers]) => `${JSON.stringify(name)}: ${JSON.stringify(numbers)}`)
writeFileSync(join(import.meta.dirname, 'fields.json'), `{\n${lines.join(',\n')}\n}\n`)
