import { SEVERITIES, type Severity } from '@arb/shared/core';
import { type Links, messageOf } from '../message.ts';
import type { Channel } from './channel.ts';
import { postJson } from './post.ts';

/** Alertmanager takes for over what it is not told of again; an alert here lasts until its end is told, and an end may be lost. */
const STANDS_MS = 7 * 86_400_000;
/** What is told once must stand for a while, or nobody is notified of it. */
const NOTED_MS = 300_000;

/** Alertmanager's own API: the labels are what it knows a repeat by, so an end or a louder repeat ends those of other severities too. */
export function alertmanagerChannel(url: string, links: Links): Channel {
  const to = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
  return {
    name: 'alertmanager',
    async deliver(letter, tries, signal) {
      const { alert } = letter;
      const atMs = letter.at / 1000;
      const message = messageOf(letter, tries, links);
      const dashboard = message.lines.find(({ name }) => name === 'event')?.link ?? null;
      const bodyOf = (severity: Severity, endsAtMs: number): object => ({
        labels: { alertname: alert.rule, key: alert.key, severity, service: 'arbitrage-lite' },
        annotations: { summary: alert.summary, id: alert.id, session: letter.session, runbook: alert.runbook ?? '' },
        startsAt: new Date((alert.since ?? letter.at) / 1000).toISOString(),
        endsAt: new Date(endsAtMs).toISOString(),
        ...(dashboard === null ? {} : { generatorURL: dashboard }),
      });
      const endsAtMs = atMs + (alert.state === 'raised' ? STANDS_MS : alert.state === 'noted' ? NOTED_MS : 0);
      const louder = alert.step === 'escalated' || alert.state === 'closed';
      const others = louder ? SEVERITIES.filter((severity) => severity !== alert.severity) : [];
      await postJson('alertmanager', to, [bodyOf(alert.severity, endsAtMs), ...others.map((severity) => bodyOf(severity, atMs))], signal);
    },
  };
}
