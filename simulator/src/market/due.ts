/** Places by when they are due; of two at the same time the lower place comes first. */
export class Due {
  /** µs, by place. */
  readonly at: Float64Array;
  private readonly heap: Int32Array;

  constructor(times: readonly number[]) {
    this.at = Float64Array.from(times);
    this.heap = Int32Array.from(times, (_, place) => place).sort((a, b) => this.order(a, b));
  }

  first(): number {
    return this.heap[0] as number;
  }

  /** The first is due again at `at`, which is not before it was. */
  postpone(at: number): void {
    const { heap } = this;
    const moved = heap[0] as number;
    this.at[moved] = at;
    let here = 0;
    for (;;) {
      let child = 2 * here + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.order(heap[child + 1] as number, heap[child] as number) < 0) child++;
      if (this.order(moved, heap[child] as number) <= 0) break;
      heap[here] = heap[child] as number;
      here = child;
    }
    heap[here] = moved;
  }

  private order(a: number, b: number): number {
    return (this.at[a] as number) - (this.at[b] as number) || a - b;
  }
}
