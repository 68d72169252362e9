export { type Recording, readRecording } from './files.ts';
export { recordingsFolder } from './folder.ts';
export { type Recorded, type RecordedFile, readLines } from './lines.ts';
export { Replayer, type ReplayOptions, replay, symbolsIn } from './replay.ts';
