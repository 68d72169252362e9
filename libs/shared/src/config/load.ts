import 'reflect-metadata';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateSync } from 'class-validator';
import type { SessionConfig } from '../core/config.ts';
import { layAlertRules } from './alert-rules-file.ts';
import { ConfigError, type Fault } from './fault.ts';
import { layFile } from './files.ts';
import type { Infrastructure } from './infrastructure.ts';
import { nearest } from './nearest.ts';
import { faultsOfMessage } from './setting.ts';
import { faultsOfLive, faultsTogether, fitVenues } from './together.ts';
import { type Draft, defaults, newSection, Origins, SECTION_NAMES } from './tree.ts';
import { layVariables, type Variables } from './variables.ts';
import { faultsOfKeys } from './venue-keys.ts';

export const ENVIRONMENTS = ['local_dev', 'paper', 'live'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export type InfrastructureConfig = Readonly<Infrastructure> & { readonly environment: Environment };

export interface Config {
  /** Where this process runs: may differ between processes and restarts of one session. */
  readonly infrastructure: InfrastructureConfig;
  /** What the session runs on: its first event says it, and it never changes. */
  readonly session: SessionConfig;
}

export interface LoadOptions {
  /** Else ARB_ENV, else `paper`. */
  readonly environment?: string;
  /** One more file over that of the environment. Else ARB_CONFIG, else none. */
  readonly file?: string;
  readonly env: Variables;
  /** Holds `<environment>.yaml`. Else the project's own. */
  readonly folder?: string;
}

/** The same distance from `src/config` and from `dist/config`. */
const PROJECT_FOLDER = fileURLToPath(new URL('../../../../', import.meta.url));
const CONFIG_FOLDER = join(PROJECT_FOLDER, 'config');

/** Defaults, under the environment's file, under the named file, under the variables. Throws a `ConfigError` that lists every fault. */
export function loadConfig(options: LoadOptions): Config {
  const { env } = options;
  const environment = environmentOf(options.environment ?? (env.ARB_ENV || 'paper'));
  const origins = new Origins();
  const draft = defaults();
  const file = options.file ?? (env.ARB_CONFIG || undefined);
  const yaml = `${environment}.yaml`;
  const faults: Fault[] = [
    ...layFile(draft, join(options.folder ?? CONFIG_FOLDER, yaml), `config/${yaml}`, `config/${yaml}`, origins),
    ...(file === undefined ? [] : layFile(draft, resolve(file), file, 'ARB_CONFIG', origins)),
    ...layVariables(draft, env, origins),
    ...layAlertRules(draft, PROJECT_FOLDER, origins),
    ...fitVenues(draft, origins),
    ...faultsOfSections(draft, origins),
  ];
  const { infrastructure, ...session } = draft as unknown as SessionConfig & { infrastructure: Infrastructure };
  // Only values that are good for themselves can be compared with each other.
  if (faults.length === 0) faults.push(...faultsTogether(session), ...faultsOfKeys(draft.infrastructure ?? {}));
  if (environment === 'live') faults.push(...faultsOfLive(infrastructure, session));
  if (faults.length > 0) throw new ConfigError(environment, faults);
  return deeplyFrozen({ infrastructure: { environment, ...infrastructure }, session });
}

function environmentOf(name: string): Environment {
  if ((ENVIRONMENTS as readonly string[]).includes(name)) return name as Environment;
  throw new ConfigError('an unknown environment', [
    {
      path: 'ARB_ENV',
      value: name,
      reason: `is not one of ${ENVIRONMENTS.join(' | ')}`,
      remedy: `did you mean ${nearest(name, ENVIRONMENTS)}?`,
    },
  ]);
}

function faultsOfSections(draft: Draft, origins: Origins): readonly Fault[] {
  return SECTION_NAMES.flatMap((name) => {
    const section = Object.assign(newSection(name), draft[name]);
    return validateSync(section, { forbidUnknownValues: false }).flatMap((error) =>
      Object.values(error.constraints ?? {}).flatMap((message) => faultsOfMessage(name, message)),
    );
  }).map((fault) => {
    const origin = origins.of(fault.path);
    return origin === null ? fault : { ...fault, remedy: `${fault.remedy}, in ${origin}` };
  });
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deeplyFrozen(inner);
  return Object.freeze(value);
}
