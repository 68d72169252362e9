import { describe, expect, it } from '@jest/globals';
import { importsOfOtherServices, undeclaredImports } from './import-rules.ts';
import { packages, readJson, readText, rootManifest, sources } from './packages.ts';

const services = packages.filter(({ folder }) => folder.startsWith('services/')).map(({ folder }) => folder.slice('services/'.length));
/** Scripts outside every package (bootstrap, deploy) find the workspace's packages where npm has linked them: at the root. */
const linked = Object.fromEntries(packages.map(({ manifest }) => [manifest.name, '*']));
const outside = { folder: '', manifest: { ...rootManifest, dependencies: { ...rootManifest.dependencies, ...linked } } };
const ownerOf = (file: string) => packages.find(({ folder }) => file.startsWith(`${folder}/`)) ?? outside;

describe('imports', () => {
  it('are declared by the package that has them', () => {
    const faults = sources.flatMap((file) => {
      const { folder, manifest } = ownerOf(file);
      return undeclaredImports(file, readText(file), folder, manifest, rootManifest);
    });
    expect(faults).toEqual([]);
  });

  const manifest = { name: '@arb/risk', dependencies: { '@arb/shared': '0.1.0' } };
  const root = { name: 'root', devDependencies: { jest: '30' }, dependencies: { ws: '8' } };
  const undeclared = (file: string, text: string) => undeclaredImports(file, text, 'services/risk', manifest, root);

  it.each([
    ['a package of the root', "import ws from 'ws';"],
    ['a test tool outside a spec', "import 'jest';"],
    ['a path out of the package', "import '../../../libs/shared/src/core/index.ts';"],
    ['a path into a folder of a longer name', "import '../../risk-tools/a.ts';"],
  ])('are refused: %s', (_, text) => {
    expect(undeclared('services/risk/src/a.ts', text)).toHaveLength(1);
  });

  it('are fine from declared packages, the package itself, Node.js, and for specs from the tools of the root', () => {
    expect(
      undeclared('services/risk/src/a.ts', "import '@arb/shared/core'; import '@arb/risk/core'; import 'node:fs'; import './b.ts';"),
    ).toEqual([]);
    expect(undeclared('services/risk/src/a.unit.spec.ts', "import 'jest';")).toEqual([]);
  });
});

describe('services', () => {
  it('never import each other', () => {
    expect(sources.flatMap((file) => importsOfOtherServices(file, readText(file), services))).toEqual([]);
  });

  it('of cores are allowed to the one file that replays them', () => {
    const file = 'services/journal/src/api/cores.ts';
    const imported = (text: string, of = file) => importsOfOtherServices(of, text, ['journal', 'strategy']);
    expect(imported("import '@arb/strategy/core';")).toEqual([]);
    expect(imported("import '@arb/strategy';")).toHaveLength(1);
    expect(imported("import '@arb/strategy/core';", 'services/journal/src/api/other.ts')).toHaveLength(1);
  });

  it.each(["import '@arb/strategy/core';", "import '../../strategy/src/core/index.ts';", "export * from '@arb/strategy';"])(
    'are refused: %s',
    (text) => {
      expect(importsOfOtherServices('services/risk/src/a.ts', text, ['risk', 'strategy'])).toHaveLength(1);
    },
  );
});

describe('project references', () => {
  interface Tsconfig {
    readonly references: readonly { readonly path: string }[];
  }
  const workspaceDependencies = ({ dependencies }: { readonly dependencies?: object }) =>
    Object.keys(dependencies ?? {})
      .filter((name) => name.startsWith('@arb/'))
      .map((name) => packages.find((other) => other.manifest.name === name)?.folder ?? name)
      .sort();

  it.each(packages.map(({ folder, manifest }) => [folder, manifest] as const))(
    'of %s are its workspace dependencies',
    (folder, manifest) => {
      const paths = readJson<Tsconfig>(`${folder}/tsconfig.json`).references.map(({ path }) =>
        new URL(path, `file:///${folder}/`).pathname.slice(1),
      );
      expect(paths.sort()).toEqual(workspaceDependencies(manifest));
    },
  );

  it('of the root are all packages, for the build and for the specs', () => {
    const folders = packages.map(({ folder }) => folder).sort();
    const paths = (file: string) =>
      readJson<Tsconfig>(file)
        .references.map(({ path }) => path)
        .sort();
    expect(paths('tsconfig.json')).toEqual(folders);
    expect(paths('tsconfig.check.json')).toEqual(
      [...folders.map((folder) => `${folder}/tsconfig.spec.json`), './workspace/tsconfig.json'].sort(),
    );
  });
});
