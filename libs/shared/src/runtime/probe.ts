/**
 * Called at the moments at which a crash would hurt most. Outside the simulation it does nothing; there, a process may
 * be killed at any of them.
 */
export type Probe = (point: string) => void;
export const NO_PROBE: Probe = () => {};
