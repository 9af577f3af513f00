/**
 * What one configuration key is: its type, default, legal values, meaning, and
 * whether it can change while the broker runs. Definitions are data: parsing,
 * validation, DescribeConfigs, `config explain` and the reference page all read
 * the same table.
 */
export interface ConfigDefinition {
  readonly type: ConfigType
  /** As Kafka prints it; null is "not set". */
  readonly defaultText: string | null
  readonly documentation: string
  readonly minimum?: number
  readonly maximum?: number
  /** Legal values of a STRING, or of each element of a LIST. */
  readonly oneOf?: readonly string[]
  readonly ignoreCase?: boolean
  /** One legal value outside [minimum, maximum]. */
  readonly alsoLegal?: number
  /** A list that must not be empty, a string that must not be empty. */
  readonly nonEmpty?: boolean
  readonly update: ConfigUpdate
  readonly effect: ConfigEffect
}

/** The numbers DescribeConfigs sends. PASSWORD values are never shown. */
export const ConfigType = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
} as const
export type ConfigType = (typeof ConfigType)[keyof typeof ConfigType]

/** Where a change at run time may be made: nowhere, for one broker, or also as the cluster's default. */
export const ConfigUpdate = { readOnly: 'read-only', perBroker: 'per-broker', clusterWide: 'cluster-wide' } as const
export type ConfigUpdate = (typeof ConfigUpdate)[keyof typeof ConfigUpdate]

/**
 * Whether setting the key changes anything: `used`; `accepted` (read and
 * validated so that existing files work, without effect in this version);
 * `fixed` (one machine has one answer; other values are replaced with a note).
 */
export const ConfigEffect = { used: 'used', accepted: 'accepted', fixed: 'fixed' } as const
export type ConfigEffect = (typeof ConfigEffect)[keyof typeof ConfigEffect]

/** Fields that differ from the usual: read-only, used, unbounded. */
export type DefinitionOptions = Partial<
  Pick<
    ConfigDefinition,
    'minimum' | 'maximum' | 'oneOf' | 'ignoreCase' | 'alsoLegal' | 'nonEmpty' | 'update' | 'effect'
  >
>

type Default = string | number | boolean | null

function define(type: ConfigType, value: Default, documentation: string, options: DefinitionOptions): ConfigDefinition {
  const defaultText = value === null ? null : String(value)
  return { update: ConfigUpdate.readOnly, effect: ConfigEffect.used, ...options, type, defaultText, documentation }
}

/** One function per type, so that a row of the table reads: type(default, meaning, options). */
export const boolean = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.boolean, value, documentation, options)
export const string = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.string, value, documentation, options)
export const int = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.int, value, documentation, options)
export const short = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.short, value, documentation, options)
export const long = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.long, value, documentation, options)
export const double = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.double, value, documentation, options)
export const list = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.list, value, documentation, options)
export const className = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.class, value, documentation, options)
export const password = (value: Default, documentation: string, options: DefinitionOptions = {}) =>
  define(ConfigType.password, value, documentation, options)

/** Kafka's "no limit" for a LONG; as a number it becomes Infinity. */
export const LONG_MAX = '9223372036854775807'
export const INT_MAX = 2147483647

/** The three option sets that most rows use. */
export const clusterWide = { update: ConfigUpdate.clusterWide } as const
export const perBroker = { update: ConfigUpdate.perBroker } as const
export const accepted = { effect: ConfigEffect.accepted } as const
