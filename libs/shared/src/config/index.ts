export type { SessionConfig } from '../core/config.ts';
export { readAlertRules } from './alert-rules-file.ts';
export { canonicalJson, configHash } from './canonical.ts';
export { type ConfigDescription, type DescribedSetting, describeConfig } from './describe.ts';
export { ConfigError, type Fault, faultLine } from './fault.ts';
export { LOG_LEVELS } from './infrastructure.ts';
export { type Config, ENVIRONMENTS, type Environment, type InfrastructureConfig, type LoadOptions, loadConfig } from './load.ts';
export { type Variables, variableOf } from './variables.ts';
export { type VenueKeySetting, venueKeysOf } from './venue-keys.ts';
