import { MAX_EVENT_BYTES } from '@arb/shared/contracts';

export interface Malformed {
  readonly what: string;
  readonly subject: string;
  readonly bytes: Buffer;
}

/** As the executor's own login may send them, each wrong in its own way. */
export function malformedEvents(session: string): readonly Malformed[] {
  const subject = 'fill.upbit.BTC-KRW';
  const beat = (n: number, change: string, from: string) =>
    Buffer.from(
      `{"n":${n},"source":"executor/proof${n}0001","session":"${session}","type":"service.heartbeat","v":1,"at":1,"cause":null,"data":{}}`.replace(
        from,
        change,
      ),
    );
  return [
    { what: 'no JSON at all', subject, bytes: Buffer.from('hello') },
    { what: 'nothing', subject, bytes: Buffer.alloc(0) },
    { what: 'broken JSON after a sound beginning', subject: 'service.executor', bytes: beat(1, '"data":{', '"data":{}}') },
    { what: 'bytes that are not UTF-8', subject, bytes: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x80, 0x7d]) },
    { what: 'an unknown version', subject: 'service.executor', bytes: beat(1, '"v":99', '"v":1') },
    { what: 'an unknown type', subject: 'service.executor', bytes: beat(1, '"type":"service.surprise"', '"type":"service.heartbeat"') },
    { what: 'fields that are missing', subject: 'service.executor', bytes: beat(1, '"data":{"boot":"x"}', '"data":{}') },
    { what: 'a type on the subject of another', subject, bytes: beat(1, '', '') },
    { what: 'more bytes than allowed', subject, bytes: Buffer.from(`{"n":1,"padding":"${'x'.repeat(MAX_EVENT_BYTES)}"}`) },
    { what: 'nesting without end', subject, bytes: Buffer.from('['.repeat(10_000)) },
  ];
}
