import { importsOf, isBuiltin, isRelative, packageOf, targetOf } from './imports.ts';
import { isSpec, type Manifest } from './packages.ts';

/** What each file of a package imports is declared in that package's own package.json; specs may use the root's devDependencies too. */
export function undeclaredImports(file: string, text: string, folder: string, manifest: Manifest, root: Manifest): readonly string[] {
  return importsOf(text).flatMap(({ specifier, line }) => {
    const at = `${file}:${line}: '${specifier}'`;
    if (isBuiltin(specifier)) return [];
    if (isRelative(specifier)) {
      const target = targetOf(file, specifier);
      // `bootstrap` runs before anything is installed: it is no package, so it has no name to be imported by.
      const within = folder === '' || target.startsWith(`${folder}/`) || target.startsWith('bootstrap/');
      return within ? [] : [`${at} leaves its package: import the other one by its name`];
    }
    const name = packageOf(specifier);
    if (name === manifest.name || manifest.dependencies?.[name] !== undefined) return [];
    const forTests = isSpec(file) || file.includes('/fixtures/') || folder === '';
    if (forTests && (manifest.devDependencies?.[name] ?? root.devDependencies?.[name]) !== undefined) return [];
    return [`${at} is not a dependency in ${folder === '' ? '' : `${folder}/`}package.json: declare it there`];
  });
}

/** The journal replays what it has recorded, in processes of their own that read this file: the cores, and nothing else of them. */
const REPLAYED = 'services/journal/src/api/cores.ts';
const CORE = /^@arb\/[a-z-]+\/core$/;

/** Services know each other by events only. */
export function importsOfOtherServices(file: string, text: string, services: readonly string[]): readonly string[] {
  const own = /^services\/([^/]+)\//.exec(file)?.[1];
  if (own === undefined) return [];
  return importsOf(text)
    .filter(({ specifier }) => {
      if (file === REPLAYED && CORE.test(specifier)) return false;
      const other = isRelative(specifier)
        ? /^services\/([^/]+)/.exec(targetOf(file, specifier))?.[1]
        : /^@arb\/([^/]+)/.exec(specifier)?.[1];
      return other !== undefined && other !== own && services.includes(other);
    })
    .map(({ specifier, line }) => `${file}:${line}: '${specifier}' is another service: read its events instead`);
}
