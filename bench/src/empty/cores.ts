import type { AnyEvent, CoreServiceName, EventType } from '@arb/shared/contracts';
import type { Core, CoreContext, Json, MakeCore } from '@arb/shared/core';
import { decisionOf, l2Of, orderOf, verdictOf } from './answers.ts';

export const EMPTY_VERSION = 'empty';

/** Of how many l2 the strategy decides on one; 0 decides on none. */
export interface EmptySettings {
  readonly decideEvery: number;
}

/** Cores without thought: they take the inputs of the real ones, answer at once, and remember how many they took. */
export function emptyCore(service: CoreServiceName, { decideEvery }: EmptySettings): MakeCore {
  switch (service) {
    case 'aggregator':
      return answering(['book', 'fx'], (event, context) => {
        if (event.type !== 'book') return;
        const data = l2Of(event.data);
        context.emit('l2', [data.coin], data);
      });
    case 'strategy':
      return answering(['l2', 'fill', 'position', 'verdict', 'fx', 'health'], (event, context) => {
        if (event.type !== 'l2' || decideEvery === 0 || (event.data.venues[0]?.epoch ?? 0) % decideEvery !== 0) return;
        context.emit('decision', [event.data.coin], decisionOf(event.data));
      });
    case 'risk':
      return answering(['decision', 'fill', 'position', 'fx', 'health'], (event, context) => {
        if (event.type === 'decision') context.emit('verdict', [event.data.coin], verdictOf(event.data));
      });
    case 'executor':
      return answering(['verdict', 'book', 'fx', 'journal.committed'], (event, context) => {
        if (event.type !== 'verdict') return;
        const data = orderOf(event.data);
        context.emit('order', [data.venue, data.symbol], data);
      });
    case 'alerting':
      return answering(['quarantine', 'health', 'order'], () => {});
  }
}

function answering(inputs: readonly EventType[], handle: (event: AnyEvent, context: CoreContext) => void): MakeCore {
  return (): Core => {
    let taken = 0;
    return {
      version: EMPTY_VERSION,
      schema: 1,
      inputs,
      handle(event, context) {
        taken++;
        handle(event, context);
      },
      onTimer(id) {
        throw new Error(`no timer was set, but ${id} was called`);
      },
      save: (): Json => ({ taken }),
      load(state) {
        taken = (state as { taken: number }).taken;
      },
    };
  };
}
