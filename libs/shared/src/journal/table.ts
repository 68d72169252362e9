import { kindsOn } from '../contracts/index.ts';

const MAX_CACHED = 20_000;
const tables = new Map<string, 'market' | 'ledger'>();

/** Which of the two tables holds a subject: by the subject alone, so that all its rows stand together whatever their bytes are. */
export function tableOf(subject: string): 'market' | 'ledger' {
  let table = tables.get(subject);
  if (table === undefined) {
    table = kindsOn(subject)[0]?.table ?? 'ledger';
    if (tables.size >= MAX_CACHED) tables.clear();
    tables.set(subject, table);
  }
  return table;
}
