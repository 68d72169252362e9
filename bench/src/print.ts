import { shown } from './numbers.ts';
import type { Must, Row } from './row.ts';

const HEAD = ['bench', 'what', 'value', 'unit', 'peer', 'ratio', 'must', 'met', 'note'] as const;
const RIGHT: ReadonlySet<number> = new Set([2, 4, 5]);

export function table(rows: readonly Row[]): string {
  const lines = [
    [...HEAD],
    ...rows.map((row) => [
      row.bench,
      row.name,
      shown(row.value),
      row.unit,
      row.peer === null ? '' : shown(row.peer),
      row.ratio === null ? '' : `${shown(row.ratio)} ×`,
      mustText(row.must),
      row.met === null ? '' : row.met ? 'met' : 'NOT MET',
      row.note,
    ]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => (RIGHT.has(column) ? text.padStart(widths[column] as number) : text.padEnd(widths[column] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function mustText(must: Must | null): string {
  if (must === null) return '';
  return `${must.bound === 'at most' ? '≤' : '≥'} ${shown(must.limit)}${must.of === 'ratio' ? ' ×' : ''}`;
}
