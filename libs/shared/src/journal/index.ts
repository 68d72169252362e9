export { type Archive, type ListedSession, openArchive, type PnlSum, type TypeCount } from './archive.ts';
export { JournalError } from './errors.ts';
export { createReaderRole, migrate } from './migrate.ts';
export type { EventTable } from './partitions.ts';
export { openJournalReader, type PostgresJournalReader } from './reader.ts';
export { type Chain, type SealedRow, sealBatch, startChain } from './seal.ts';
export { type JournalStoreOptions, openJournalStore, type PostgresJournalStore } from './store.ts';
export { tableOf } from './table.ts';
export { type PostgresServer, startPostgres } from './testing.ts';
