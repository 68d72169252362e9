/** The cores are loaded by other processes, from this file. */
export const CORES_MODULE = new URL(import.meta.url.endsWith('.ts') ? './cores.ts' : './cores.js', import.meta.url).href;
