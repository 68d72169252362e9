import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> };
  // The manifests are read as they are; specs look into them by name.
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a manifest depends on its kind
  readonly [field: string]: any;
}

interface Generator {
  readonly name: string;
  readonly namespace?: string;
  readonly behavior?: 'merge';
  readonly envs?: readonly string[];
  readonly literals?: readonly string[];
  readonly files?: readonly string[];
}
interface Kustomization {
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly Generator[];
  readonly generatorOptions?: { readonly disableNameSuffixHash?: boolean; readonly labels?: Readonly<Record<string, string>> };
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
  readonly patches?: readonly { readonly target: { readonly kind: string }; readonly patch: string }[];
}

const KNOWN = ['apiVersion', 'kind', 'resources', 'configMapGenerator', 'generatorOptions', 'images', 'patches'];

/**
 * What `kubectl kustomize` would give, for the features that these manifests use and with no tool installed; a feature
 * it does not know is an error. Names of generated config maps stay without their hash.
 */
export function render(folder: string): KubernetesObject[] {
  const kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const strange = Object.keys(kustomization).filter((key) => !KNOWN.includes(key));
  if (strange.length > 0) throw new Error(`${folder}/kustomization.yaml uses ${strange.join(', ')}, which this reader does not know`);
  const objects = (kustomization.resources ?? []).flatMap((name) => {
    const path = join(folder, name);
    return existsSync(join(path, 'kustomization.yaml')) ? render(path) : documentsOf(readFileSync(path, 'utf8'));
  });
  for (const generator of kustomization.configMapGenerator ?? []) addConfigMap(objects, folder, generator, kustomization);
  for (const { name, newName, newTag } of kustomization.images ?? [])
    for (const container of objects.flatMap(containersOf))
      if (container.image.replace(/:[^/]*$/, '') === name) container.image = `${newName}:${newTag}`;
  for (const { target, patch } of kustomization.patches ?? [])
    for (const object of objects.filter(({ kind }) => kind === target.kind)) replaceIn(object, patch);
  return objects;
}

export function documentsOf(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as KubernetesObject;
  });
}

export function podOf(object: KubernetesObject) {
  if (object.kind === 'Pod') return object;
  if (object.kind === 'CronJob') return object.spec.jobTemplate.spec.template;
  return ['Deployment', 'StatefulSet', 'Job'].includes(object.kind) ? object.spec.template : null;
}

export function containersOf(object: KubernetesObject) {
  const spec = podOf(object)?.spec;
  return spec === undefined ? [] : [...(spec.initContainers ?? []), ...spec.containers];
}

function addConfigMap(objects: KubernetesObject[], folder: string, generator: Generator, { generatorOptions }: Kustomization): void {
  const { name, namespace, behavior, envs = [], literals = [], files = [] } = generator;
  const lines = [...envs.flatMap((file) => readFileSync(join(folder, file), 'utf8').split('\n')), ...literals];
  const pairs = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const data = Object.fromEntries([...pairs, ...files.map((file) => [file, readFileSync(join(folder, file), 'utf8')])]);
  if (behavior === 'merge') {
    const there = objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name);
    if (there === undefined) throw new Error(`${folder}: there is no config map ${name} to merge into`);
    Object.assign(there.data, data);
    return;
  }
  const labels = generatorOptions?.labels === undefined ? {} : { labels: generatorOptions.labels };
  objects.push({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...labels },
    data,
  });
}

function replaceIn(object: KubernetesObject, patch: string): void {
  for (const { op, path, value } of parse(patch) as { op: string; path: string; value: unknown }[]) {
    if (op !== 'replace') throw new Error(`a patch says ${op}, and this reader knows replace only`);
    const words = path.split('/').slice(1);
    const last = words.pop() as string;
    // biome-ignore lint/suspicious/noExplicitAny: a path leads through any shape
    const holder = words.reduce<any>((at, word) => at?.[word], object);
    if (holder === undefined || !(last in holder))
      throw new Error(`${object.kind} ${object.metadata.name} has nothing at ${path} to replace`);
    holder[last] = value;
  }
}
