import 'reflect-metadata';
import { isSecret } from './fault.ts';
import { FROM_FILE } from './infrastructure.ts';
import { settingsOf } from './setting.ts';
import { newSection, SECTION_NAMES } from './tree.ts';
import { OTHER_VARIABLES, variableOf } from './variables.ts';

export interface DescribedSetting {
  readonly path: string;
  readonly variable: string;
  /** The variable that names a file holding the value, for what may be secret. */
  readonly fileVariable: string | null;
  readonly default: unknown;
  readonly allowed: string;
  readonly says: string;
  readonly secret: boolean;
  /** Whether it decides: a restart with another value starts a child session. */
  readonly inHash: boolean;
}

export interface ConfigDescription {
  readonly settings: readonly DescribedSetting[];
  readonly otherVariables: Readonly<Record<string, string>>;
}

/** Every setting there is, for the docs and for `arb doctor`. */
export function describeConfig(): ConfigDescription {
  const settings = SECTION_NAMES.flatMap((section) => {
    const values = newSection(section) as Readonly<Record<string, unknown>>;
    return [...settingsOf(values)].map(([key, { rule, says }]) => {
      const variable = variableOf(`${section}.${key}`);
      const fromFile = section === 'infrastructure' && (FROM_FILE as readonly string[]).includes(key);
      return {
        path: `${section}.${key}`,
        variable,
        fileVariable: fromFile ? `${variable}_FILE` : null,
        default: values[key],
        allowed: rule.allowed,
        says,
        secret: isSecret(key),
        inHash: section !== 'infrastructure',
      };
    });
  });
  return { settings, otherVariables: OTHER_VARIABLES };
}
