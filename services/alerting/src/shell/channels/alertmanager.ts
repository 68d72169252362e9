import { type Links, messageOf } from '../message.ts';
import type { Channel } from './channel.ts';
import { postJson } from './post.ts';

/** Alertmanager's own API: the key is the label by which it knows a repeat, an end closes it there too. */
export function alertmanagerChannel(url: string, links: Links): Channel {
  const to = `${url.replace(/\/+$/, '')}/api/v2/alerts`;
  return {
    name: 'alertmanager',
    async deliver(letter, tries, signal) {
      const { alert, at } = letter;
      const message = messageOf(letter, tries, links);
      const dashboard = message.lines.find(({ name }) => name === 'event')?.link ?? null;
      const body = {
        labels: { alertname: alert.rule, key: alert.key, severity: alert.severity, service: 'arbitrage-lite' },
        annotations: { summary: alert.summary, id: alert.id, session: letter.session, runbook: alert.runbook ?? '' },
        startsAt: new Date((alert.since ?? at) / 1000).toISOString(),
        ...(alert.state === 'raised' ? {} : { endsAt: new Date(at / 1000).toISOString() }),
        ...(dashboard === null ? {} : { generatorURL: dashboard }),
      };
      await postJson('alertmanager', to, [body], signal);
    },
  };
}
