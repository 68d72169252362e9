import { type HttpAnswer, type HttpRequest, json, type VenueProtocol } from '../../server/venue.ts';

/** A USD/KRW rate over HTTP, in the form of exchangerate.host: once a minute a new one, and failures come with status 200. */
export const bank: VenueProtocol = {
  name: 'bank',
  binaryFrames: false,
  codeOf: (base, quote) => base + quote,
  open: (floor) => ({
    connect: () => json(404, { success: false, error: { code: 103, type: 'invalid_api_function', info: 'There is no socket here.' } }),
    http({ path, query }: HttpRequest): HttpAnswer {
      const fail = (code: number, type: string, info: string): HttpAnswer => json(200, { success: false, error: { code, type, info } });
      if (path !== '/live' && path !== '/api/live') return fail(103, 'invalid_api_function', 'The requested API endpoint does not exist.');
      if ((query.get('access_key') ?? '') === '') return fail(101, 'missing_access_key', 'You have not supplied an API Access Key.');
      if ((query.get('source') ?? 'USD') !== 'USD')
        return fail(201, 'invalid_source_currency', 'You have supplied an invalid Source Currency.');
      const asked = (query.get('currencies') ?? 'KRW').split(',');
      if (!asked.includes('KRW')) return fail(202, 'invalid_currency_codes', 'You have provided one or more invalid Currency Codes.');
      const minute = Math.floor(floor.nowMs() / 60_000) * 60;
      return json(200, { success: true, timestamp: minute, source: 'USD', quotes: { USDKRW: floor.bankRate() } });
    },
    published: () => false,
    tick: () => {},
    tooMany: (status) => json(status, { success: false, error: { code: 106, type: 'rate_limit_reached', info: 'Too many requests.' } }),
    farewell: () => null,
  }),
};
