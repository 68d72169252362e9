/** Whether a subject falls under a filter: `*` stands for one word, `>` at the end for one or more. */
export function matches(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const words = subject.split('.');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '>') return words.length > i;
    if (i >= words.length || (wanted[i] !== '*' && wanted[i] !== words[i])) return false;
  }
  return wanted.length === words.length;
}

/** Whether some subject falls under both filters: two streams may not have such. */
export function overlap(a: string, b: string): boolean {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; ; i++) {
    const l = left[i];
    const r = right[i];
    if (l === undefined || r === undefined) return l === r;
    if (l === '>' || r === '>') return true;
    if (l !== '*' && r !== '*' && l !== r) return false;
  }
}
