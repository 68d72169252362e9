export * from './events/market-events.ts';
export * from './market/index.ts';
export type { RecordingPlan } from './recording/plan.ts';
export { hashOfBook, type LogLine, readLog, readSentLog, type SentBook } from './server/sent-log.ts';
export { type Sent, type Simulator, type SimulatorOptions, startSimulator } from './server/simulator.ts';
