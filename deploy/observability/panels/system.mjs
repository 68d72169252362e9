import { board, figure, lines } from './board.mjs';

const BAD_FROM_ONE = [
  [null, 'green'],
  [1, 'red'],
];

/** Whether the machine does its work: who is up, how far behind, what it costs. */
export const system = board('system', 'System', 'Services, stream, journal, processes', [
  figure('Services up', 'Processes that answer Prometheus', 'none', 'sum(up{job="arbitrage-lite"})'),
  figure('In a session', 'Processes that have caught up with the stream', 'none', 'sum(arb_live)'),
  figure(
    'Journal behind',
    'Positions read and not yet committed to Postgres',
    'none',
    'max(arb_position{service="journal"}) - max(arb_committed_position)',
    [
      [null, 'green'],
      [10_000, 'red'],
    ],
  ),
  figure('Stream filled', 'At 60 % books are shed, at 80 % nothing is entered', 'percentunit', 'max(arb_stream_fill)', [
    [null, 'green'],
    [0.4, 'orange'],
    [0.6, 'red'],
  ]),
  figure('Malformed events', 'Set aside within the last hour', 'none', 'sum(increase(arb_events_malformed[1h]))', BAD_FROM_ONE),
  figure(
    'Processes restarted',
    'Within the last hour',
    'none',
    'sum(changes(process_start_time_seconds{job="arbitrage-lite"}[1h]))',
    BAD_FROM_ONE,
  ),

  lines('Lag', 'Time between what a service reads and now', 'ms', [['arb_lag_ms', '{{service}} {{instance}}']]),
  lines('Lag in positions', 'Stream positions a service has still to read', 'none', [['arb_lag_positions', '{{service}} {{instance}}']]),
  lines('Outputs not read back', 'Said and not yet seen in the stream; 1,000 is the limit', 'none', [
    ['arb_unconfirmed', '{{service}} {{instance}}'],
  ]),

  lines('Positions a second', 'How fast the stream grows', 'ops', [['max(rate(arb_position{service="journal"}[1m]))', 'stream']]),
  lines('Events taken', 'By service: what it read and used', 'ops', [['rate(arb_events_taken[1m])', '{{service}} {{instance}}']]),
  lines('Events ignored', 'Doubled or late; a standby makes some', 'ops', [['rate(arb_events_ignored[1m])', '{{service}} {{instance}}']]),

  lines('Inputs queued', 'Waiting because too many outputs are unconfirmed', 'none', [['arb_queued', '{{service}} {{instance}}']]),
  lines('Resends and connections', 'Outputs said again; connections to NATS since the start', 'none', [
    ['increase(arb_resends[5m])', 'resent {{service}}'],
    ['arb_links', 'connections {{service}}'],
  ]),
  lines('Rows waiting for Postgres', 'In the journal', 'none', [['arb_pending_rows', 'rows']]),

  lines('Processor', 'Cores used', 'none', [['rate(process_cpu_seconds_total{job="arbitrage-lite"}[1m])', '{{service}} {{instance}}']]),
  lines('Memory', 'Resident', 'bytes', [['process_resident_memory_bytes{job="arbitrage-lite"}', '{{service}} {{instance}}']]),
  lines('Event loop, 99 %', 'How late a timer runs', 's', [['nodejs_eventloop_lag_p99_seconds', '{{service}} {{instance}}']]),

  lines('Right to act on the world', '1: this process holds the lease', 'none', [['arb_holds_lease', '{{service}} {{instance}}']]),
  lines('Newest snapshot behind', 'Positions since the last one', 'none', [
    ['arb_position - arb_snapshot_position', '{{service}} {{instance}}'],
  ]),
  lines('Garbage collection', 'Share of time', 'percentunit', [
    ['sum by (service, instance) (rate(nodejs_gc_duration_seconds_sum[1m]))', '{{service}} {{instance}}'],
  ]),
]);
