import type { Instrument } from '../market/index.ts';
import type { Connection } from '../server/connection.ts';
import { frameOf } from '../server/frame.ts';
import type { Conditions } from '../server/open-venues.ts';
import { type HttpAnswer, json, type Site } from '../server/venue.ts';
import type { Board } from './board.ts';
import type { Fault } from './kinds.ts';

export interface Stage {
  readonly connections: () => Iterable<Connection>;
  readonly site: (venue: string) => Site;
  readonly instruments: readonly Instrument[];
}

/** What a fault does when it begins and when it ends, beyond what it does to messages. */
export function makeEffects(stage: Stage): { began(fault: Fault): void; ended(fault: Fault): void } {
  const clientsOf = (venue: string): Connection[] => [...stage.connections()].filter((connection) => connection.venue === venue);
  const deaf = new Map<Fault, readonly Connection[]>();

  function began(fault: Fault): void {
    const clients = clientsOf(fault.venue);
    switch (fault.kind) {
      case 'down':
      case 'cut':
        for (const client of clients) client.cut();
        return;
      case 'half-open':
        for (const client of clients) client.fallDeaf();
        deaf.set(fault, clients);
        return;
      case 'planned-end': {
        const farewell = stage.site(fault.venue).farewell();
        if (farewell !== null) for (const client of clients) client.write(farewell);
        deaf.set(fault, clients);
        return;
      }
      case 'oversize': {
        const frame = frameOf(`{"type":"orderbook","padding":"${'x'.repeat(fault.numbers.bytes as number)}"}`, false);
        for (const client of clients) client.write(frame);
        return;
      }
      case 'fx-off':
        skew(stage.instruments, fault.venue, 1 + (fault.numbers.percent as number) / 100);
    }
  }

  function ended(fault: Fault): void {
    const touched = deaf.get(fault) ?? [];
    deaf.delete(fault);
    if (fault.kind === 'half-open') for (const client of touched) client.cut();
    // Only those that heard of it: who came since then stays.
    else if (fault.kind === 'planned-end') for (const client of touched) client.close(1001, 'the connection has lived its time');
    else if (fault.kind === 'fx-off') skew(stage.instruments, fault.venue, 1);
  }

  return { began, ended };
}

/** What USDT itself costs there; of the bank, its factor says it. */
function skew(instruments: readonly Instrument[], venue: string, factor: number): void {
  for (const instrument of instruments) if (instrument.venue === venue && instrument.coin === 'USDT') instrument.skew = factor;
}

/** What the acting faults make of a venue's clock, wallets, keys and warnings. */
export function conditionsOf(board: Board): Conditions {
  return {
    clockMs: (venue) =>
      board.acting.length === 0 ? 0 : board.of('clock', venue).reduce((sum, { numbers }) => sum + (numbers.ms as number), 0),
    wallet(venue, coin) {
      const open = !board.of('wallet', venue).some((fault) => fault.coin === coin);
      return { deposits: open, withdrawals: open };
    },
    keyRevoked: (venue) => board.of('key-revoked', venue).length > 0,
    warnings: (venue, symbol) => board.of('warning', venue).flatMap((fault) => (fault.symbol === symbol ? fault.words : [])),
    bankFactor: () => board.of('fx-off', 'bank').reduce((factor, { numbers }) => factor * (1 + (numbers.percent as number) / 100), 1),
  };
}

/** Why a venue does not even listen, or does not answer as it should. */
export function hindrance(board: Board, site: Site, venue: string, kind: 'http' | 'socket'): HttpAnswer | 'refuse' | null {
  if (board.acting.length === 0) return null;
  if (board.of('down', venue).length > 0) return 'refuse';
  const tooMany = board.of('too-many', venue)[0];
  if (tooMany !== undefined) return site.tooMany(tooMany.numbers.status as 429 | 418, tooMany.numbers.retryAfter as number);
  const gone = kind === 'http' && venue === 'bank' && board.of('fx-gone', venue).length > 0;
  return gone ? json(503, { success: false, error: { code: 500, type: 'unavailable', info: 'The rate is not available.' } }) : null;
}
