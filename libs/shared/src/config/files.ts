import { parseDocument } from 'yaml';
import { type Fault, isSecret, withoutPassword } from './fault.ts';
import { FROM_FILE } from './infrastructure.ts';
import { nearest } from './nearest.ts';
import { readSmall } from './small-file.ts';
import { type Draft, isMap, type Origins, put, SECTION_NAMES } from './tree.ts';
import { variableOf } from './variables.ts';

/** Lays one YAML file over the draft. */
export function layFile(draft: Draft, file: string, name: string, asked: string, origins: Origins): readonly Fault[] {
  const text = readSmall(asked, file);
  if (typeof text !== 'string') return [text];
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  if (document.errors.length > 0)
    return document.errors.map((error) => ({
      path: asked,
      value: name,
      reason: `is not YAML (${error.message.split('\n')[0]?.replace(/:$/, '')})`,
      remedy: 'correct that line',
    }));
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    return [{ path: asked, value: name, reason: `is not usable YAML (${(cause as Error).message})`, remedy: 'write it without aliases' }];
  }
  if (!isMap(content))
    return [{ path: asked, value: name, reason: 'is not a map of sections', remedy: `write sections: ${SECTION_NAMES.join(', ')}` }];

  const faults: Fault[] = [];
  for (const section of Object.keys(content)) {
    const target = Object.hasOwn(draft, section) ? draft[section] : undefined;
    const values = content[section];
    if (target === undefined) {
      faults.push(unknownKey(section, '', section, values, SECTION_NAMES, name));
      continue;
    }
    if (values === null) continue;
    if (!isMap(values)) {
      faults.push({ path: section, value: values, reason: 'is not a section', remedy: `write its keys below it, in ${name}` });
      continue;
    }
    for (const key of Object.keys(values)) {
      const path = `${section}.${key}`;
      if (holdsSecret(key, values[key])) faults.push(secretInFile(section, key, values[key], name));
      else if (!Object.hasOwn(target, key)) faults.push(unknownKey(path, section, key, values[key], Object.keys(target), name));
      else put(target, key, values[key], path, name, origins);
    }
  }
  return faults;
}

function unknownKey(path: string, section: string, key: string, value: unknown, known: readonly string[], file: string): Fault {
  const near = nearest(key, known);
  const remedy =
    near === null
      ? `leave it out: ${section} has no settings, in ${file}`
      : `did you mean ${section === '' ? '' : `${section}.`}${near}? in ${file}`;
  // A misspelt password is still a password.
  return { path, value: near !== null && isSecret(near) ? '***' : value, reason: 'is not a known key', remedy };
}

function holdsSecret(key: string, value: unknown): boolean {
  return isSecret(key) || (typeof value === 'string' && withoutPassword(value) !== value);
}

function secretInFile(section: string, key: string, value: unknown, file: string): Fault {
  const variable = variableOf(`${section}.${key}`);
  const orFile = section === 'infrastructure' && (FROM_FILE as readonly string[]).includes(key) ? ` or ${variable}_FILE` : '';
  return {
    path: `${section}.${key}`,
    value: typeof value === 'string' && !isSecret(key) ? withoutPassword(value) : '***',
    reason: 'holds a secret, and a configuration file may not',
    remedy: `take it out of ${file} and set ${variable}${orFile}`,
  };
}
