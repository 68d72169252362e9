import { describe, expect, it } from '@jest/globals';
import type { RestRequest } from '../rest.ts';
import { hmac } from '../shell/signer.ts';
import { binance } from './index.ts';

const wallets = binance.rest.wallets()[0] as RestRequest;
/** The key of the examples in Binance's own documentation. */
const key = {
  access: 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A',
  secret: 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j',
};
const sign = (request: RestRequest) => binance.sign(request, { key, nowMs: 1_499_827_319_559.9, nonce: '', hmac });
const answer = (status: number, body: string) => binance.keyRefusal({ status, headers: {}, body: Buffer.from(body) });
const refused = (status: number, code: number) => answer(status, JSON.stringify({ code, msg: 'a message' }));

describe('a request to binance that is signed', () => {
  it('has the documented signature for the documented parameters', () => {
    const order = 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1';
    expect(sign({ ...wallets, path: `/api/v3/order?${order}` })).toEqual({
      path: `/api/v3/order?${order}&recvWindow=5000&timestamp=1499827319559&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71`,
      headers: { 'x-mbx-apikey': key.access },
    });
  });

  it('has that of openssl where there is nothing but the time', () => {
    expect(sign(wallets).path).toBe(
      '/sapi/v1/capital/config/getall?recvWindow=5000&timestamp=1499827319559&signature=82f4e72e95e63d666b6da651e82a701722ad8a785a169318d91f36f279c55821',
    );
  });
});

describe('an answer of binance', () => {
  it.each([
    [400, -1021, /clock/],
    [400, -1022, /secret key that belongs/],
    [401, -2014, /access key/],
    [401, -2015, /allow the address/],
    [400, -2015, /allow the address/],
    [401, -9999, /look after the key/],
  ])('%d %d says what to do about the key', (status, code, remedy) => {
    expect(refused(status, code)).toMatch(remedy);
    expect(refused(status, code)).toContain(String(code));
  });

  it.each([
    [400, -1121],
    [200, -2015],
    [403, -2015],
    [429, -1003],
    [503, -2015],
  ])('%d %d says nothing of the key', (status, code) => {
    expect(refused(status, code)).toBeNull();
  });

  it('is understood by its status where it is no JSON', () => {
    expect(answer(401, '<html>')).toBe('answers 401: look after the key at the exchange');
    expect(answer(400, '<html>')).toBeNull();
  });
});
