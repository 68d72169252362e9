/** Raised whenever the same inputs could give other outputs. */
export const VERSION = '1';
