/** What a venue's simulated market has of its own; who is not named is like the others. */
interface VenueMarket {
  /** Seconds by which it follows the true price: the big dollar venues lead. */
  readonly lagSeconds: number;
  /** It trades USDT for dollars. */
  readonly usdtInDollars: boolean;
}

const SLOW: VenueMarket = { lagSeconds: 0.25, usdtInDollars: false };
const OWN: Readonly<Record<string, Partial<VenueMarket>>> = {
  binance: { lagSeconds: 0.02, usdtInDollars: true },
  okx: { lagSeconds: 0.05 },
  bybit: { lagSeconds: 0.05 },
  upbit: { lagSeconds: 0.2 },
};

export function venueMarket(venue: string): VenueMarket {
  return { ...SLOW, ...(Object.hasOwn(OWN, venue) ? OWN[venue] : {}) };
}
