/** A text of a program, taken apart just far enough to tell its code from its strings and comments. */
export interface SourceText {
  /** Same length and lines as the text; comments, regular expressions and what stands in strings are blank. */
  readonly code: string;
  /** Each string without placeholders, and where its first quote stands. */
  readonly strings: readonly { readonly start: number; readonly text: string }[];
  /** By line number from 0: the reason of an `// allowed: <reason>`. */
  readonly allowed: ReadonlyMap<number, string>;
}

/** A slash after one of these begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(^|[=(,:;![&|?{}+\-*%~^<>]|\b(return|typeof|case|in|of|do|else|void|delete|throw|await|yield))\s*$/;

export function sourceText(text: string): SourceText {
  const code = text.split('');
  const strings: { start: number; text: string }[] = [];
  const allowed = new Map<number, string>();
  let line = 0;
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (code[i] !== '\n') code[i] = ' ';
  };
  /** For each template that is open: how many braces are open in its placeholder. */
  const templates: number[] = [];

  const endOfTemplate = (from: number): number => {
    let i = from;
    for (; i < text.length; i++) {
      if (text[i] === '\\') i++;
      else if (text[i] === '`') return i + 1;
      else if (text[i] === '$' && text[i + 1] === '{') {
        templates.push(0);
        return i + 2;
      }
    }
    return i;
  };
  const endOfQuoted = (from: number, quote: string): number => {
    let i = from;
    while (i < text.length && text[i] !== quote && text[i] !== '\n') i += text[i] === '\\' ? 2 : 1;
    return i + 1;
  };
  const endOfRegex = (from: number): number => {
    let i = from;
    for (let inClass = false; i < text.length && text[i] !== '\n' && (inClass || text[i] !== '/'); i++) {
      if (text[i] === '\\') i++;
      else if (text[i] === '[') inClass = true;
      else if (text[i] === ']') inClass = false;
    }
    return i + 1;
  };

  let i = 0;
  const skip = (end: number): void => {
    for (const char of text.slice(i, end)) if (char === '\n') line++;
    i = end;
  };
  while (i < text.length) {
    const char = text[i] as string;
    const two = text.slice(i, i + 2);
    if (two === '//') {
      const end = text.indexOf('\n', i) < 0 ? text.length : text.indexOf('\n', i);
      const reason = /^\/\/\s*allowed:\s*(\S.*)$/.exec(text.slice(i, end).trimEnd())?.[1];
      if (reason !== undefined) allowed.set(line, reason);
      blank(i, end);
      skip(end);
    } else if (two === '/*') {
      const end = text.indexOf('*/', i + 2) < 0 ? text.length : text.indexOf('*/', i + 2) + 2;
      blank(i, end);
      skip(end);
    } else if (char === "'" || char === '"') {
      const end = endOfQuoted(i + 1, char);
      strings.push({ start: i, text: text.slice(i + 1, end - 1) });
      blank(i + 1, end - 1);
      skip(end);
    } else if (char === '`') {
      const end = endOfTemplate(i + 1);
      if (text[end - 1] === '`') strings.push({ start: i, text: text.slice(i + 1, end - 1) });
      blank(i + 1, end - 1);
      skip(end);
    } else if (char === '/' && BEFORE_REGEX.test(code.slice(Math.max(0, i - 40), i).join(''))) {
      const end = endOfRegex(i + 1);
      blank(i, end);
      skip(end);
    } else if (templates.length > 0 && (char === '{' || char === '}')) {
      const open = templates.pop() as number;
      if (char === '}' && open === 0) {
        const end = endOfTemplate(i + 1);
        blank(i + 1, end - 1);
        skip(end);
      } else {
        templates.push(open + (char === '{' ? 1 : -1));
        skip(i + 1);
      }
    } else skip(i + 1);
  }
  return { code: code.join(''), strings, allowed };
}

export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
