import { setFlagsFromString } from 'node:v8';

/**
 * V8 doubles its young generation whenever enough has survived in it, which under a steady flow takes an hour to reach the full size:
 * memory that climbs like a leak and hides a real one. Here the first growth goes all the way. A smaller full size would save some ten
 * megabytes a service and cost a sixth of the highest rate that the stack sustains.
 */
export function growYoungHeapAtOnce(): void {
  setFlagsFromString('--semi-space-growth-factor=64');
}
