import type { Process } from './process.ts';

/** Something that will happen, in the world (`owner` null) or inside a process. */
export interface Happening {
  /** µs of world time; moved on when its process slept over it. */
  at: number;
  /** µs: when it would have happened had the process been awake. */
  readonly due: number;
  order: number;
  readonly first: number;
  readonly owner: Process | null;
  readonly kind: 'timer' | 'input';
  readonly run: () => void;
  cancelled: boolean;
  /** Held back by a sleep and now on its way. */
  late: boolean;
}

/** Ordered by time, then by the order of insertion. */
export class Queue {
  private readonly heap: Happening[] = [];
  private count = 0;

  get size(): number {
    return this.heap.length;
  }

  make(at: number, owner: Process | null, kind: Happening['kind'], run: () => void): Happening {
    const order = this.count++;
    return { at, due: at, order, first: order, owner, kind, run, cancelled: false, late: false };
  }

  push(item: Happening): void {
    const heap = this.heap;
    let i = heap.length;
    heap.push(item);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Happening;
      if (!before(item, parent)) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = item;
  }

  /** Puts it in again behind all that is there for the same moment. */
  again(item: Happening, at: number): void {
    item.at = at;
    item.order = this.count++;
    this.push(item);
  }

  peek(): Happening | undefined {
    return this.heap[0];
  }

  pop(): Happening | undefined {
    const heap = this.heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || top === last) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Happening, heap[child] as Happening)) child++;
      if (!before(heap[child] as Happening, last)) break;
      heap[i] = heap[child] as Happening;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function before(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
