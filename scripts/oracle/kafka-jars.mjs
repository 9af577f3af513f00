/**
 * What Apache Kafka's jars say about its formats: the JSON schema of every message and metadata record, read out of the
 * jars that `assemble.mjs` fetched (or that KAFKA_LIBS names). A jar is a zip file; only its directory and the deflated
 * entries asked for are read.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateRawSync } from 'node:zlib'

const EXIT_SKIPPED = 3
const JARS = ['kafka-clients', 'kafka-metadata', 'kafka-group-coordinator', 'kafka-transaction-coordinator']
const SCHEMA_ENTRY = /^common\/(?:message|metadata)\/\w+\.json$/

/** The directory of jars; ends the process with code 3 when there is none. */
export function kafkaLibraries() {
  const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
  const directory = process.env.KAFKA_LIBS ?? join(repository, '.oracle/libs')
  if (existsSync(directory)) return directory
  console.error(
    `SKIPPED: no Kafka jars in ${directory}: run node scripts/oracle/assemble.mjs, or name them in KAFKA_LIBS`,
  )
  process.exit(EXIT_SKIPPED)
}

/** Kafka's schemas by message name. */
export function kafkaSchemas(directory = kafkaLibraries()) {
  const files = readdirSync(directory)
  const schemas = new Map()
  for (const jar of JARS) {
    const file = files.find((name) => name.startsWith(`${jar}-`) && /^\d/.test(name.slice(jar.length + 1)))
    if (file === undefined) throw new Error(`${directory} lacks ${jar}-<version>.jar`)
    for (const [entry, text] of textEntries(join(directory, file))) {
      const schema = parseWithComments(text, entry)
      schemas.set(schema.name, schema)
    }
  }
  return schemas
}

/** '3+', '3-5', '3' or 'none' as an inclusive range; undefined for none. */
export function versionRange(text) {
  if (text === undefined || text === 'none') return undefined
  const [first, last] = text.split(/[-+]/)
  return { first: Number(first), last: text.endsWith('+') ? Number.POSITIVE_INFINITY : Number(last ?? first) }
}

export function includes(range, version) {
  return range !== undefined && version >= range.first && version <= range.last
}

/** The field list of a struct, which may be shared by name. */
export function fieldsOf(schema, field) {
  if (field.fields !== undefined) return field.fields
  const name = field.type.replace('[]', '')
  return schema.commonStructs?.find((struct) => struct.name === name)?.fields
}

/** Our name of a field: Kafka's, with a small first letter. */
export function fieldName(field) {
  return field.name.charAt(0).toLowerCase() + field.name.slice(1)
}

/** Comments stand on lines of their own or after a value; no string in these files holds ` //`. */
function parseWithComments(text, entry) {
  try {
    return JSON.parse(text.replace(/(^|\s)\/\/.*$/gm, ''))
  } catch (error) {
    throw new Error(`${entry} is not JSON with comments: ${error.message}`)
  }
}

function* textEntries(file) {
  const zip = readFileSync(file)
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes)
    if (SCHEMA_ENTRY.test(name)) yield [name, entryText(zip, at)]
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
}

function entryText(zip, directoryAt) {
  const isDeflated = zip.readUInt16LE(directoryAt + 10) === 8
  const byteLength = zip.readUInt32LE(directoryAt + 20)
  const headerAt = zip.readUInt32LE(directoryAt + 42)
  const start = headerAt + 30 + zip.readUInt16LE(headerAt + 26) + zip.readUInt16LE(headerAt + 28)
  const bytes = zip.subarray(start, start + byteLength)
  return (isDeflated ? inflateRawSync(bytes) : bytes).toString('utf8')
}
