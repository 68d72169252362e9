export { type Recording, readRecording } from './files.ts';
export { recordingsFolder } from './folder.ts';
export { type Recorded, type RecordedFile, readLines } from './lines.ts';
export { type ReplayOptions, replay } from './replay.ts';
