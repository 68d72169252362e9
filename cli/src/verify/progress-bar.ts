const WIDTH = 30;
const EVERY_MS = 100;

/** A line on standard error that is rewritten, where a person looks on; nothing where a program reads. */
export function progressBar(title: string): { readonly at: (done: number, all: number) => void; readonly end: () => void } {
  if (!process.stderr.isTTY) return { at: () => {}, end: () => {} };
  let shownAt = 0;
  return {
    at(done, all) {
      const now = performance.now();
      if (now - shownAt < EVERY_MS && done < all) return;
      shownAt = now;
      const part = all === 0 ? 1 : done / all;
      const bar = '█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '░');
      process.stderr.write(`\r${title} ${bar} ${(part * 100).toFixed(0).padStart(3)} %  ${done}/${all}`);
    },
    end() {
      process.stderr.write('\n');
    },
  };
}
