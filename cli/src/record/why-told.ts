import type { Refusal, Why, WhyLink, WhyNot } from '@arb/shared/replay';
import { dateTimeOf, fieldsText, msText, numberText, timeOf } from './say.ts';

/** The causal tree as a person reads it: what it rests on above what followed. */
export function toldWhy(why: Why): readonly string[] {
  const { event, causes, effects, trip, searchedTo } = why;
  return [
    `${why.session}:${event.position}  ${event.subject}  ${dateTimeOf(event.storedAt)}${event.taken ? '' : '  (not taken: everyone ignored it)'}`,
    `  ${event.says}`,
    ...(Object.keys(event.numbers).length === 0 ? [] : [`  ${fieldsText(event.numbers)}`]),
    `  by ${event.source || 'nobody who can be named'}${event.at === 0 ? '' : `, at ${timeOf(event.at)}, stored ${msText((event.storedAt - event.at) / 1_000)} later`}`,
    '',
    causes.length === 0 ? 'It rests on nothing: it came from outside.' : 'It rests on',
    ...branches(causes, '', why.session),
    '',
    effects.length === 0 ? 'Nothing followed from it.' : 'From it followed',
    ...branches(effects, '', why.session),
    ...(trip.length === 0
      ? []
      : [
          '',
          'The same round trip',
          ...trip.map(
            (link) =>
              `  ${String(link.position).padStart(9)}  ${timeOf(link.storedAt)}  ${signed(link.hopMs)}  ${link.says}${result(link)}`,
          ),
        ]),
    '',
    `What followed by basis, or out of market data, was looked for up to position ${searchedTo}.`,
  ];
}

function result(link: WhyLink): string {
  const { pnl } = link.numbers;
  return pnl === undefined ? '' : `, PnL ${pnl}`;
}

function branches(links: readonly WhyLink[], indent: string, session: string): readonly string[] {
  return links.flatMap((link, i) => {
    const last = i === links.length - 1;
    const inner = `${indent}${last ? '   ' : '│  '}`;
    const where = link.session === session ? `${link.position}` : `${link.session}:${link.position}`;
    return [
      `${indent}${last ? '└─ ' : '├─ '}${link.by} ${where}  ${link.subject || link.type}${link.storedAt === 0 ? '' : `  ${timeOf(link.storedAt)}`}${link.hopMs === null ? '' : `  ${msText(link.hopMs)}`}`,
      `${inner}${link.links.length > 0 ? '│  ' : '   '}${link.says}`,
      ...(Object.keys(link.numbers).length === 0 ? [] : [`${inner}${link.links.length > 0 ? '│  ' : '   '}${fieldsText(link.numbers)}`]),
      ...branches(link.links, inner, session),
      ...(link.more ? [`${inner}… more: arb why ${where}`] : []),
    ];
  });
}

function signed(ms: number | null): string {
  return (ms === null ? '' : `${ms > 0 ? '+' : ''}${msText(ms)}`).padStart(11);
}

const MOST_COINS = 20;

/** The nearest refusals, rule by rule. */
export function toldWhyNot(
  found: WhyNot,
  refusalRows: (rows: readonly (readonly (string | number | null)[])[]) => readonly string[],
): readonly string[] {
  const { asked, rules, entered, lookedAt, traded: coins } = found;
  const what = [asked.coin ?? 'any coin', asked.buy === null ? null : `buy ${asked.buy}, sell ${asked.sell}`]
    .filter((part) => part !== null)
    .join(', ');
  const traded =
    entered === null
      ? []
      : [
          `It did ask to enter at position ${entered.position}, ${offText(entered.offMs)}${entered.trip === null ? '' : ` (trip ${entered.trip})`}: arb why ${entered.position}`,
        ];
  if (rules.length === 0)
    return [
      `No refusal of ${what} was recorded near position ${found.position} (${lookedAt} decisions and verdicts looked at).`,
      ...(traded.length > 0
        ? traded
        : [
            asked.coin === null || coins === null || coins.includes(asked.coin)
              ? 'The same refusal of a coin is recorded once in 5 s at most; a coin without fresh books is not decided on.'
              : `${asked.coin} was not among the coins traded then: ${coins.slice(0, MOST_COINS).join(', ')}${coins.length > MOST_COINS ? ` and ${coins.length - MOST_COINS} more` : ''}.`,
          ]),
    ];
  return [`${what}, at position ${found.position}: the nearest refusals, by rule`, ...refusalRows(rules.map(cells)), ...traded];
}

function cells(refusal: Refusal): readonly (string | number | null)[] {
  const { position, coin, route, by, rule, tier, value, limit, why, offMs } = refusal;
  return [
    position,
    offText(offMs),
    coin,
    route === null ? null : `${route.buy}-${route.sell}`,
    tier === null ? by : `${by} (${tier})`,
    rule,
    value === null ? null : numberText(value),
    limit === null ? null : numberText(limit),
    missingText(refusal),
    why,
  ];
}

export function missingText({ missing, missingPercent }: Pick<Refusal, 'missing' | 'missingPercent'>): string | null {
  if (missing === null) return null;
  if (missing === 0) return 'at the limit';
  const percent = missingPercent === null ? '' : ` (${Number(missingPercent.toPrecision(3))} %)`;
  return missing >= 0 ? `${numberText(missing)} too small${percent}` : `${numberText(-missing)} too great${percent}`;
}

function offText(ms: number): string {
  if (ms === 0) return 'then';
  return ms < 0 ? `${msText(-ms)} before` : `${msText(ms)} after`;
}
