/** A coin, where it is bought and where it is sold. */
export interface Route {
  readonly coin: string;
  readonly buy: string;
  readonly sell: string;
}

/** As people write it in a command, and as `guard` shows it: `BTC:binance>upbit`. */
export function routeName({ coin, buy, sell }: Route): string {
  return `${coin}:${buy}>${sell}`;
}

/** From one venue to the other, whatever the coin. */
export function directionName(buy: string, sell: string): string {
  return `${buy}>${sell}`;
}

/** Whether a command's target, a coin, a venue or a route, means this route. Nothing named means all. */
export function targets(target: string | null, route: Route): boolean {
  return target === null || target === route.coin || target === route.buy || target === route.sell || target === routeName(route);
}
