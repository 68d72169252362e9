import { ENDPOINTS, type Endpoint } from './endpoints.ts';
import { type Field, fieldsOf } from './fields.ts';

const FAILURES = {
  400: 'not understood: the sentence says what was expected',
  403: 'asked from another page or by another name of this machine',
  404: 'not in the journal: the sentence says what is',
  409: 'it cannot be done with what is there: the sentence says why',
  503: 'as much of this is done at once as there may be: ask again later',
} as const;

/** The document that `/api/openapi.json` serves: made from the table of endpoints, and from nothing else. */
export function openApi(): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [name, endpoint] of Object.entries(ENDPOINTS) as [string, Endpoint][]) {
    const path = `/api/${endpoint.path.replaceAll(/:([a-z]+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [endpoint.method]: operation(name, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'arbitrage-lite: the journal',
      version: '1',
      description: 'Recorded sessions: listed, explained, replayed, proved, carried away.',
    },
    paths,
    components: {
      schemas: {
        Failure: {
          type: 'object',
          required: ['statusCode', 'message'],
          properties: { statusCode: { type: 'integer' }, message: { type: 'string' }, error: { type: 'string' } },
        },
      },
    },
  };
}

function operation(name: string, { says, command, params, query, sends, takes, heavy }: Endpoint): Readonly<Record<string, unknown>> {
  const failures = Object.entries(FAILURES).filter(([code]) => heavy === true || code !== '503');
  return {
    operationId: name,
    summary: says,
    description: `The same as \`${command}\`.`,
    parameters: [
      ...fieldsOf(params).map((field) => parameter(field, 'path')),
      ...fieldsOf(query).map((field) => parameter(field, 'query')),
    ],
    ...(takes === undefined
      ? {}
      : { requestBody: { required: true, content: { [takes]: { schema: { type: 'string', format: 'binary' } } } } }),
    responses: {
      200: {
        description: says,
        content:
          sends === undefined ? { 'application/json': { schema: {} } } : { [sends]: { schema: { type: 'string', format: 'binary' } } },
      },
      ...Object.fromEntries(
        failures.map(([code, description]) => [
          code,
          { description, content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } } },
        ]),
      ),
    },
  };
}

function parameter({ name, says, required, type }: Field, place: 'path' | 'query'): Readonly<Record<string, unknown>> {
  return { name, in: place, required: place === 'path' || required, description: says, schema: type.schema };
}
