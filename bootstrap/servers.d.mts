export interface PostgresFolder {
  /** Where `postgres` and `initdb` are. */
  readonly bin: string;
  readonly major: number;
}
export interface FoundServers {
  readonly natsServer: string | null;
  readonly redisServer: string | null;
  /** Newest version first. */
  readonly postgres: readonly PostgresFolder[];
}
export function findServers(env?: NodeJS.ProcessEnv): FoundServers;
export function missingServers(found: FoundServers): readonly string[];
export function installCommand(missing: readonly string[], env?: NodeJS.ProcessEnv): string;
/** Installs what is missing where it may; otherwise rejects with what to do. */
export function ensureServers(say: (line: string) => void, env?: NodeJS.ProcessEnv): Promise<FoundServers>;
