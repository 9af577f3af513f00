#!/usr/bin/env node
/**
 * Compares every schema in src/protocol with Apache Kafka's own definition of it, field by field and version by version:
 * names and their order, types, versions, nullability, defaults, tags, flexible versions, ignorability; and the table of
 * header versions. Run `npm run build:ts` before.
 *
 *   node scripts/oracle/check-schemas.mjs
 *
 * Exit code 0: all equal. 1: differences, one line each. 3: skipped, because there are no Kafka jars.
 */
import { HEADERS_FLEXIBLE_SINCE } from '../../dist/protocol/api-keys.js'
import * as protocol from '../../dist/protocol/index.js'
import { fieldName, fieldsOf, includes, kafkaSchemas, versionRange } from './kafka-jars.mjs'

const NUMERIC = /^(?:u?int\d+|float64)$/
/** Ours has several ways to read an int64; on the wire they are one. */
const WIRE_TYPES = { int64Clamped: 'int64', int64Exact: 'int64' }

const differences = []
function expectEqual(where, what, ours, theirs) {
  if (ours !== theirs) differences.push(`${where}: ${what} is ${ours} here and ${theirs} in Kafka`)
}

function compareMessage(ours, schema) {
  const where = ours.name
  const valid = versionRange(schema.validVersions)
  const flexible = versionRange(schema.flexibleVersions)
  expectEqual(where, 'first version', ours.versions[0], valid.first)
  expectEqual(where, 'last version', ours.versions[1], valid.last)
  expectEqual(where, 'flexible since', ours.flexible, flexible?.first ?? Number.POSITIVE_INFINITY)
  expectEqual(where, 'key', ours.key, schema.apiKey ?? -1)
  const kind = ['request', 'response'].includes(schema.type) ? schema.type : 'data'
  expectEqual(where, 'kind', ours.kind, kind)
  const versions = Array.from({ length: valid.last - valid.first + 1 }, (_, index) => valid.first + index)
  compareFields({ schema, where, versions }, ours.fields, schema.fields)
}

function compareFields(context, ours, theirs) {
  const carried = theirs.filter((field) =>
    context.versions.some((version) => includes(versionRange(field.versions), version)),
  )
  expectEqual(context.where, 'fields', Object.keys(ours).join(), carried.map(fieldName).join())
  for (const field of carried) {
    const mine = ours[fieldName(field)]
    if (mine !== undefined) compareField({ ...context, where: `${context.where}.${fieldName(field)}` }, mine, field)
  }
}

function compareField(context, ours, theirs) {
  const { where } = context
  expectEqual(where, 'type', ourType(ours), kafkaType(theirs))
  expectEqual(where, 'default', ourDefault(ours), kafkaDefault(theirs))
  expectEqual(where, 'ignorable', ours.isIgnorable, theirs.ignorable === true)
  const versions = versionRange(theirs.versions)
  const nullable = versionRange(theirs.nullableVersions)
  const tagged = versionRange(theirs.taggedVersions)
  const present = []
  for (const version of context.versions) {
    const isPresent = version >= ours.firstVersion && version <= ours.lastVersion
    expectEqual(`${where} v${version}`, 'presence', isPresent, includes(versions, version))
    if (!isPresent) continue
    present.push(version)
    expectEqual(`${where} v${version}`, 'nullability', version >= ours.nullableSince, includes(nullable, version))
    expectEqual(`${where} v${version}`, 'tag', ours.tag, includes(tagged, version) ? theirs.tag : -1)
  }
  const struct = structOf(ours)
  if (struct !== undefined) compareFields({ ...context, versions: present }, struct, fieldsOf(context.schema, theirs))
}

function structOf(field) {
  const type = field.type.kind === 'array' ? field.type.element.type : field.type
  return type.kind === 'struct' ? type.fields : undefined
}

function ourType(field) {
  const { kind } = field.type
  return kind === 'array' ? `[]${ourType(field.type.element)}` : (WIRE_TYPES[kind] ?? kind)
}

function kafkaType(field) {
  const element = field.type.replace('[]', '')
  const name = /^[A-Z]/.test(element) ? 'struct' : element
  return field.type.startsWith('[]') ? `[]${name}` : name
}

/** As text, so that numbers, big integers and strings compare; 'empty' is an empty list or a struct of defaults. */
function ourDefault(field) {
  return field.defaultValue === undefined ? 'empty' : String(field.defaultValue)
}

function kafkaDefault(field) {
  const type = kafkaType(field)
  const written = field.default
  if (type === 'records' || written === null || written === 'null') return 'null'
  if (type.startsWith('[]') || type === 'struct' || type === 'bytes') return 'empty'
  if (NUMERIC.test(type)) return String(type === 'float64' ? Number(written ?? 0) : BigInt(written ?? 0))
  if (type === 'bool') return String(written ?? false)
  return written ?? (type === 'uuid' ? 'AAAAAAAAAAAAAAAAAAAAAA' : '')
}

function compareHeaders(schemas) {
  for (const schema of schemas.values()) {
    if (schema.type !== 'request' || schema.validVersions === 'none') continue
    const first = versionRange(schema.flexibleVersions)?.first ?? Number.POSITIVE_INFINITY
    expectEqual(schema.name, 'first flexible header', HEADERS_FLEXIBLE_SINCE[schema.apiKey], first)
    expectEqual(schema.name, 'name of its key', protocol.apiName(schema.apiKey), schema.name.replace(/Request$/, ''))
  }
}

const schemas = kafkaSchemas()
const messages = Object.values(protocol).filter((value) => value instanceof protocol.Message)
for (const ours of messages) {
  const schema = schemas.get(ours.name)
  if (schema === undefined) differences.push(`${ours.name} is not in Kafka's jars`)
  else compareMessage(ours, schema)
}
compareHeaders(schemas)

for (const difference of differences) console.error(difference)
console.log(`${messages.length} schemas compared with Kafka's, ${differences.length} differences`)
process.exit(differences.length === 0 ? 0 : 1)
