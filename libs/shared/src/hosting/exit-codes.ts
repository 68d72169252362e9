/** `EX_CONFIG` of sysexits: a restart would change nothing, a person must. */
export const EXIT_CONFIG = 78;
