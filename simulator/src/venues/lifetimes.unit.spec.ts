import { describe, expect, it } from '@jest/globals';
import type { Connection } from '../server/connection.ts';
import type { Floor } from '../server/venue.ts';
import { BinanceConversation } from './binance/conversation.ts';
import { BinanceStreams } from './binance/streams.ts';
import { UpbitConversation } from './upbit/conversation.ts';
import { UpbitStreams } from './upbit/streams.ts';

/** A connection that only keeps what is done to it, and a clock that is turned by hand. */
function stage() {
  const done: string[] = [];
  const heardBy: Record<string, () => void> = {};
  const time = { now: 0 };
  const connection = {
    messages: 0,
    heard: true,
    client: { on: (name: string, heard: () => void) => (heardBy[name] = heard) },
    answer: (text: string) => done.push(text),
    ping: () => done.push('ping'),
    close: (code: number, why: string) => done.push(`close ${code} ${why}`),
    cut: () => done.push('cut'),
  } as unknown as Connection;
  const floor = { monotonicMs: () => time.now, byCode: new Map() } as unknown as Floor;
  const pass = (talk: { tick(): void }, seconds: number): readonly string[] => {
    for (let second = 0; second < seconds; second++) {
      time.now += 1_000;
      talk.tick();
    }
    return done.splice(0);
  };
  return { connection, floor, pass, heardBy };
}

describe("a connection to binance's simulation", () => {
  const open = ({ connection, floor }: ReturnType<typeof stage>) =>
    new BinanceConversation(connection, floor, new BinanceStreams([]), true, []);

  it('is pinged every 20 s, and ends a minute after a pong stays away', () => {
    const here = stage();
    expect(here.pass(open(here), 80)).toEqual(['ping', 'ping', 'ping', 'close 1008 Pong timeout']);
  });

  it('lives 24 h as long as it answers', () => {
    const here = stage();
    const talk = open(here);
    let said: readonly string[] = [];
    for (let minute = 0; minute < 24 * 60; minute++) {
      said = here.pass(talk, 60);
      here.heardBy.pong?.();
      if (minute < 24 * 60 - 1) expect(said).toEqual(['ping', 'ping', 'ping']);
    }
    expect(said.at(-1)).toBe('close 1001 the connection is 24 h old');
  });
});

describe("a connection to upbit's simulation", () => {
  const open = ({ connection, floor }: ReturnType<typeof stage>) =>
    new UpbitConversation(connection, floor, new UpbitStreams({ opening: () => 1, turnover: () => 1 }));

  it('is cut after 60 s in which nobody said anything', () => {
    const here = stage();
    const talk = open(here);
    expect(here.pass(talk, 59)).toEqual([]);
    expect(here.pass(talk, 1)).toEqual(['cut']);
  });

  it('once pinged, is told every 10 s that the venue is up', () => {
    const here = stage();
    const talk = open(here);
    talk.message('PING');
    expect(here.pass(talk, 25)).toEqual(Array(3).fill('{"status":"UP"}'));
  });
});
