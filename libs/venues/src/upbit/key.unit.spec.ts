import { describe, expect, it } from '@jest/globals';
import type { RestRequest } from '../rest.ts';
import { hmac } from '../shell/signer.ts';
import { upbit } from './index.ts';

const wallets = upbit.rest.wallets()[0] as RestRequest;
const sign = (request: RestRequest, nonce: string) =>
  upbit.sign(request, {
    key: { access: 'a7Xd92LmQW3vBtRzYpMj5CxNKeT1HuVs0fFgJcAw', secret: 'a secret of this test' },
    nonce,
    nowMs: 0,
    hmac,
  });
/** Of the example in Upbit's guide to authentication, whose secret key is not told: up to where its query begins. */
const DOCUMENTED =
  'eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJhY2Nlc3Nfa2V5IjoiYTdYZDkyTG1RVzN2QnRSellwTWo1Q3hOS2VUMUh1VnMwZkZnSmNBdyIsIm5vbmNlIjoiYjJmMWUzZjgtMmRjMS00ZDZmLWE4MzgtYzc0YzQ5YjBlMzlh';
/** Computed with openssl. */
const SIGNATURE = 'dmdUHEjmhAb5Z5IZeRi3UThAAwm9vPqDiND1R_SnzX5EQ27YnKZwDfb7hozkV8p-NArz3BVrHItwzwy-pUFOjQ';
const answer = (status: number, body: string) => upbit.keyRefusal({ status, headers: {}, body: Buffer.from(body) });
const refused = (status: number, name: unknown) => answer(status, JSON.stringify({ error: { name, message: 'a message' } }));

describe('a request to upbit that is signed', () => {
  it('holds the token of the documented example, signed as openssl signs it', () => {
    const { path, headers } = sign(wallets, 'b2f1e3f8-2dc1-4d6f-a838-c74c49b0e39a');
    const token = (headers.authorization as string).replace(/^Bearer /, '');
    expect([path, Object.keys(headers)]).toEqual(['/v1/status/wallet', ['authorization']]);
    expect(token.startsWith(DOCUMENTED)).toBe(true);
    expect(token.split('.')[2]).toBe(SIGNATURE);
  });

  it('is not made with a query, whose hash it would have to hold', () => {
    expect(() => sign({ ...wallets, path: '/v1/orders/chance?market=KRW-BTC' }, 'n')).toThrow(/without a query/);
  });
});

describe('an answer of upbit', () => {
  it.each([
    [401, 'jwt_verification', /secret key that belongs/],
    [401, 'invalid_access_key', /new key/],
    [401, 'expired_access_key', /new key/],
    [401, 'no_authorization_ip', /allow the address/],
    [403, 'no_authorization_ip', /allow the address/],
    [403, 'out_of_scope', /new key/],
    [401, 'something_else', /look after the key/],
  ])('%d %s says what to do about the key', (status, name, remedy) => {
    expect(refused(status, name)).toMatch(remedy);
    expect(refused(status, name)).toContain(name);
  });

  it('401 nonce_used says nothing of the key: something on the way has asked twice', () => {
    expect(refused(401, 'nonce_used')).toBeNull();
  });

  it('repeats nothing that is not spelt as a name', () => {
    expect(refused(401, 'Bearer eyJhbGciOi')).toBe('answers 401: look after the key at the exchange');
    expect(answer(401, '<html>')).toBe('answers 401: look after the key at the exchange');
  });

  it.each([200, 404, 429, 418, 500, 0])('%d says nothing of the key', (status) => {
    expect(refused(status, 'jwt_verification')).toBeNull();
  });
});
