import 'reflect-metadata';
import { BadRequestException } from '@nestjs/common';
import { ValidateBy, validateSync } from 'class-validator';

/** What a parameter is: how it is told in OpenAPI, and how it is checked and read from its text. */
export interface FieldType<T> {
  readonly schema: Readonly<Record<string, unknown>>;
  /** Undefined for a text that is none of it. */
  readonly read: (text: string) => T | undefined;
  readonly expected: string;
}

export interface Field<T = unknown> {
  readonly name: string;
  readonly says: string;
  readonly required: boolean;
  readonly type: FieldType<T>;
}

const FIELDS = Symbol('fields');

/** Declares a parameter of a request: class-validator checks it, OpenAPI tells it. */
export function Param<T>(type: FieldType<T>, says: string, { required = false }: { readonly required?: boolean } = {}): PropertyDecorator {
  return (target, key) => {
    const own = (Reflect.getOwnMetadata(FIELDS, target.constructor) as Field[] | undefined) ?? [];
    Reflect.defineMetadata(FIELDS, [...own, { name: String(key), says, required, type }], target.constructor);
    ValidateBy({
      name: 'parameter',
      validator: {
        validate: (value: unknown) => (value === undefined ? !required : value !== WRONG),
        defaultMessage: () => `${String(key)}: expected ${type.expected}`,
      },
    })(target, key);
  };
}

/** Stands for a text that could not be read. */
const WRONG = Symbol('wrong');

export function fieldsOf(dto: new () => object): readonly Field[] {
  return (Reflect.getOwnMetadata(FIELDS, dto) as Field[] | undefined) ?? [];
}

/** The parameters of a request as one object, or 400 with every fault in it. */
export function readParameters<D extends object>(dto: new () => D, given: Readonly<Record<string, unknown>>): D {
  const fields = fieldsOf(dto);
  const made = new dto();
  const unknown = Object.keys(given).filter((name) => !fields.some((field) => field.name === name));
  if (unknown.length > 0) {
    const known = fields.map(({ name }) => name).join(', ') || 'none';
    throw new BadRequestException(`unknown parameter ${unknown[0]}: there are ${known}`);
  }
  for (const { name, type } of fields) {
    const text = given[name];
    if (text === undefined) continue;
    const value = typeof text === 'string' ? type.read(text) : undefined;
    Object.assign(made, { [name]: value === undefined ? WRONG : value });
  }
  const faults = fields.length === 0 ? [] : validateSync(made);
  if (faults.length > 0) throw new BadRequestException(faults.flatMap(({ constraints }) => Object.values(constraints ?? {})).join('; '));
  return made;
}

export const text: FieldType<string> = {
  schema: { type: 'string', maxLength: 200 },
  read: (given) => (given !== '' && given.length <= 200 ? given : undefined),
  expected: 'a text of 1 to 200 characters',
};
export const event: FieldType<string> = {
  schema: { type: 'string', maxLength: 200, example: 'fill:last' },
  read: text.read,
  expected: 'an event: [session:]position, first, last, -1000, a time, or fill:last',
};
export const flag: FieldType<boolean> = {
  schema: { type: 'boolean' },
  read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
  expected: 'true or false',
};
export const hash: FieldType<string> = {
  schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  read: (given) => (/^[0-9a-f]{64}$/i.test(given) ? given.toLowerCase() : undefined),
  expected: 'a SHA-256 of 64 hex digits',
};
export function whole(least: number, most: number): FieldType<number> {
  return {
    schema: { type: 'integer', minimum: least, maximum: most },
    read: (given) => (/^\d{1,9}$/.test(given) && Number(given) >= least && Number(given) <= most ? Number(given) : undefined),
    expected: `a whole number from ${least} to ${most}`,
  };
}
