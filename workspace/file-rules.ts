export const MAX_FILE_BYTES = 1024 * 1024;

const MACHINE_PATH = /(?<![\w.*~-])\/(?:work|root)\/[\w.-]+/;
/** Package registries and mirrors: where a package came from is a matter of the machine that installs it. */
const REGISTRY =
  /\b(?:registry\.[\w-]+\.\w+|[\w.-]*(?:artifactory|jfrog|verdaccio|nexus-repo|npm-proxy|npm-mirror)[\w-]*\.\w+|(?:pypi|proxy\.golang)\.org)\b/i;
const RESOLVED = /"resolved": "\w+:\/\//;

/** What must not get into the repository: places that only one machine has, and big files. */
export function unwelcome(file: string, size: number, text: string): readonly string[] {
  const faults: string[] = [];
  if (size > MAX_FILE_BYTES) faults.push(`${file}: ${size} bytes, at most ${MAX_FILE_BYTES}: keep it outside, or make it when needed`);
  for (const [i, line] of text.split('\n').entries())
    for (const [pattern, what] of [
      [MACHINE_PATH, "a path of one machine's own"],
      [REGISTRY, 'the host of a package registry'],
      [RESOLVED, 'an address that a package was installed from'],
    ] as const) {
      const match = pattern.exec(line);
      if (match !== null) faults.push(`${file}:${i + 1}: ${match[0]} is ${what}: leave it out`);
    }
  return faults;
}
