/** Where a value comes from; later ones win over earlier ones. */
export const ConfigOrigin = {
  default: 'default',
  fixed: 'fixed',
  file: 'file',
  environment: 'environment',
  flag: 'flag',
  dynamicDefault: 'dynamic-default',
  dynamicBroker: 'dynamic-broker',
} as const
export type ConfigOrigin = (typeof ConfigOrigin)[keyof typeof ConfigOrigin]

/** A value with its origin. `detail` names the place: a file and line, a variable, a flag. */
export interface ConfigSetting {
  /** null only for a default of "not set". */
  readonly text: string | null
  readonly origin: ConfigOrigin
  readonly detail: string
}
