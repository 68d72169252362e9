/** What every simulated venue knows: anyone may have it, so it is no secret. */
export const KNOWN_KEY = { access: 'simulated', secret: 'simulated' } as const;
