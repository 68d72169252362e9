export { EXIT_CONFIG } from './exit-codes.ts';
export type { Hosted } from './hosted.ts';
export { jsonLog, type LogLevel } from './log.ts';
export { realTime } from './real-time.ts';
export { newBoot, runHosted, runService, type ServiceSpec, type ShellDeps } from './run-service.ts';
export { growYoungHeapAtOnce } from './young-heap.ts';
