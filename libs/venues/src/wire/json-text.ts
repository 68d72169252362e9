/** JSON whose numbers keep their text: `8.2E7` of 17 digits is worth no less than a string of them. */

export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | string | NumberText | readonly Json[] | { readonly [key: string]: Json };

export class JsonError extends Error {
  override readonly name = 'JsonError';
}

const MOST_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new JsonError('is not UTF-8', { cause });
  }
  return new Reader(text).whole();
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Json {
    const value = this.value(0);
    this.blanks();
    if (this.at < this.text.length) this.fail('nothing more');
    return value;
  }

  private fail(expected: string): never {
    const found = this.at < this.text.length ? JSON.stringify(this.text.slice(this.at, this.at + 20)) : 'the end';
    throw new JsonError(`is not JSON: expected ${expected} at ${this.at}, found ${found}`);
  }

  private blanks(): void {
    for (;;) {
      const char = this.text.charCodeAt(this.at);
      if (char !== 32 && char !== 10 && char !== 13 && char !== 9) return;
      this.at++;
    }
  }

  private value(depth: number): Json {
    if (depth > MOST_DEPTH) this.fail(`at most ${MOST_DEPTH} levels`);
    this.blanks();
    const char = this.text[this.at];
    if (char === '{') return this.object(depth);
    if (char === '[') return this.array(depth);
    if (char === '"') return this.string();
    if (this.text.startsWith('true', this.at)) return this.word(4, true);
    if (this.text.startsWith('false', this.at)) return this.word(5, false);
    if (this.text.startsWith('null', this.at)) return this.word(4, null);
    NUMBER.lastIndex = this.at;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) this.fail('a value');
    this.at += number.length;
    return new NumberText(number);
  }

  private word<T>(length: number, value: T): T {
    this.at += length;
    return value;
  }

  private string(): string {
    STRING.lastIndex = this.at;
    const found = STRING.exec(this.text)?.[0];
    if (found === undefined) this.fail('a string');
    this.at += found.length;
    return found.includes('\\') ? (JSON.parse(found) as string) : found.slice(1, -1);
  }

  private object(depth: number): Json {
    // Without a prototype: `__proto__` is a key like any other.
    const object = Object.create(null) as Record<string, Json>;
    this.at++;
    this.blanks();
    if (this.text[this.at] === '}') return this.word(1, object);
    for (;;) {
      this.blanks();
      if (this.text[this.at] !== '"') this.fail('a key');
      const key = this.string();
      this.blanks();
      if (this.text[this.at] !== ':') this.fail('a colon');
      this.at++;
      object[key] = this.value(depth + 1);
      this.blanks();
      const char = this.text[this.at];
      if (char === '}') return this.word(1, object);
      if (char !== ',') this.fail('a comma or the end of the object');
      this.at++;
    }
  }

  private array(depth: number): Json {
    const array: Json[] = [];
    this.at++;
    this.blanks();
    if (this.text[this.at] === ']') return this.word(1, array);
    for (;;) {
      array.push(this.value(depth + 1));
      this.blanks();
      const char = this.text[this.at];
      if (char === ']') return this.word(1, array);
      if (char !== ',') this.fail('a comma or the end of the list');
      this.at++;
    }
  }
}

export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText);
}

/** The first of these keys that is there: venues name one field differently in each of their formats. */
export function field(object: JsonObject, ...names: readonly string[]): Json | undefined {
  for (const name of names) if (object[name] !== undefined) return object[name];
  return undefined;
}

export function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** The text of a number, or of a string that should hold one. */
export function decimalOf(value: Json | undefined): string | null {
  if (value instanceof NumberText) return value.text;
  return typeof value === 'string' ? value : null;
}

/** A whole number that a double holds exactly. */
export function wholeOf(value: Json | undefined): number | null {
  if (!(value instanceof NumberText)) return null;
  const number = Number(value.text);
  return Number.isSafeInteger(number) ? number : null;
}
