export { Bucket, type Urgency } from './bucket.ts';
export type { Clock } from './clock.ts';
export { type HttpGet, httpGet } from './http-get.ts';
export { type LossKind, ReconnectWait } from './reconnect-wait.ts';
export { type Ask, type RestCounts, RestSender, type RestSenderDeps } from './rest-sender.ts';
export { hmac } from './signer.ts';
export { type VenueAddresses, type VenueCounters, VenueShell, type VenueShellDeps } from './venue-shell.ts';
export { type OpenSocket, openSocket, type SocketEvents, type VenueSocket } from './venue-socket.ts';
export { type StreamSink, VenueStream } from './venue-stream.ts';
