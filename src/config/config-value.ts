import { type ConfigDefinition, ConfigType } from './definition.ts'

/**
 * Text to value and back, by Kafka's rules: booleans ignore case, lists are
 * separated by commas, numbers are decimal and range-checked by their type.
 * A LONG beyond 2^53 becomes Infinity (in practice Kafka's "no limit"), so that
 * callers compare plain numbers. `checkValue` returns why a text is refused, or
 * undefined.
 */
export type ConfigValue = string | number | boolean | readonly string[] | null

export function checkValue(definition: ConfigDefinition, text: string): string | undefined {
  const trimmed = text.trim()
  switch (definition.type) {
    case ConfigType.boolean:
      return /^(true|false)$/i.test(trimmed) ? undefined : 'must be true or false'
    case ConfigType.int:
      return checkInteger(definition, trimmed, -2147483648n, 2147483647n)
    case ConfigType.short:
      return checkInteger(definition, trimmed, -32768n, 32767n)
    case ConfigType.long:
      return checkInteger(definition, trimmed, -9223372036854775808n, 9223372036854775807n)
    case ConfigType.double:
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)
        ? checkRange(definition, Number(trimmed))
        : 'must be a number'
    case ConfigType.list:
      return checkList(definition, splitList(trimmed))
    default:
      return checkText(definition, trimmed)
  }
}

/** The typed value of a text that `checkValue` accepts. */
export function parseValue(definition: ConfigDefinition, text: string | null): ConfigValue {
  if (text === null) return null
  const trimmed = text.trim()
  switch (definition.type) {
    case ConfigType.boolean:
      return trimmed.toLowerCase() === 'true'
    case ConfigType.int:
    case ConfigType.short:
    case ConfigType.double:
      return Number(trimmed)
    case ConfigType.long:
      return longValue(trimmed)
    case ConfigType.list:
      return splitList(trimmed)
    default:
      return trimmed
  }
}

/** Legal values in words, for documentation and messages; undefined when anything of the type goes. */
export function legalValues(definition: ConfigDefinition): string | undefined {
  if (definition.oneOf !== undefined) {
    const choice = definition.oneOf.join(', ')
    return definition.type === ConfigType.list ? `any of ${choice}` : `one of ${choice}`
  }
  const also = definition.alsoLegal === undefined ? '' : ` or ${definition.alsoLegal}`
  const { minimum, maximum } = definition
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}${also}`
  if (minimum !== undefined) return `at least ${minimum}${also}`
  return definition.nonEmpty === true ? 'not empty' : undefined
}

export function splitList(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed === '') return []
  return trimmed.split(',').map((element) => element.trim())
}

function longValue(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  return value > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
}

function checkInteger(definition: ConfigDefinition, text: string, lowest: bigint, highest: bigint): string | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return 'must be a whole number'
  const value = BigInt(text.replace(/^\+/, ''))
  if (value < lowest || value > highest) return `must be between ${lowest} and ${highest}`
  return checkRange(definition, Number(value))
}

function checkRange(definition: ConfigDefinition, value: number): string | undefined {
  if (value === definition.alsoLegal) return undefined
  const low = definition.minimum !== undefined && value < definition.minimum
  const high = definition.maximum !== undefined && value > definition.maximum
  return low || high ? `must be ${legalValues(definition)}` : undefined
}

function checkList(definition: ConfigDefinition, elements: readonly string[]): string | undefined {
  if (definition.nonEmpty === true && elements.length === 0) return 'must not be empty'
  if (elements.includes('')) return 'must not have empty elements'
  if (new Set(elements).size !== elements.length) return 'must not repeat an element'
  const { oneOf } = definition
  if (oneOf === undefined) return undefined
  return elements.every((element) => oneOf.includes(element)) ? undefined : `must be ${legalValues(definition)}`
}

function checkText(definition: ConfigDefinition, text: string): string | undefined {
  if (definition.nonEmpty === true && text === '') return 'must not be empty'
  const { oneOf } = definition
  if (oneOf === undefined) return undefined
  const found =
    definition.ignoreCase === true
      ? oneOf.some((choice) => choice.toLowerCase() === text.toLowerCase())
      : oneOf.includes(text)
  return found ? undefined : `must be ${legalValues(definition)}`
}
