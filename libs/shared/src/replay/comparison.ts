import type { Divergence } from './derivation.ts';

/** Causes whose answers have not all been met yet; beyond it the oldest count as never said. */
const MOST_CAUSES = 50_000;

interface Answer {
  readonly subject: string;
  readonly text: string;
}

/**
 * What another version of a core answers, against what was recorded: answer by answer to each cause. Numbers are left out,
 * because one answer more or less would move all that follow.
 */
export class Comparison {
  private readonly open = new Map<number, Answer[]>();
  private outputs = 0;
  private differ = 0;
  /** Cause of the last output that was recorded: what was derived from later ones may have been cut off. */
  private lastCause = 0;
  first: Divergence | null = null;

  get counts(): { readonly outputs: number; readonly differ: number } {
    return { outputs: this.outputs, differ: this.differ };
  }

  derived(cause: number, subject: string, bytes: Uint8Array): void {
    const answers = this.open.get(cause);
    if (answers !== undefined) answers.push({ subject, text: withoutNumber(bytes) });
    else {
      if (this.open.size >= MOST_CAUSES) this.drop();
      this.open.set(cause, [{ subject, text: withoutNumber(bytes) }]);
    }
  }

  recorded(position: number, subject: string, bytes: Uint8Array): void {
    this.outputs++;
    const text = withoutNumber(bytes);
    const cause = Number(/"cause":(\d+)/.exec(text)?.[1] ?? 0);
    this.lastCause = Math.max(this.lastCause, cause);
    const answers = this.open.get(cause);
    const answer = answers?.shift();
    if (answers?.length === 0) this.open.delete(cause);
    if (answer !== undefined && answer.subject === subject && answer.text === text) return;
    this.differs({ position, subject, expected: text, found: answer === undefined ? 'nothing' : `${answer.subject} ${answer.text}` });
  }

  end(): void {
    for (const cause of [...this.open.keys()].filter((cause) => cause < this.lastCause)) this.unsaid(cause);
    this.open.clear();
  }

  private drop(): void {
    const oldest = this.open.keys().next();
    if (oldest.done !== true) this.unsaid(oldest.value);
  }

  private unsaid(cause: number): void {
    for (const { subject, text } of this.open.get(cause) ?? [])
      this.differs({ position: cause, subject, expected: 'nothing', found: `${subject} ${text}` });
    this.open.delete(cause);
  }

  private differs(found: Divergence): void {
    this.differ++;
    if (this.first === null || found.position < this.first.position) this.first = found;
  }
}

/** `{"n":12,"source":…` → `"source":…` */
function withoutNumber(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  return text.slice(text.indexOf(',') + 1);
}
