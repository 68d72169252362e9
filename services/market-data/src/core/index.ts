export { type Ages, BookAges } from './book-ages.ts';
export { type Mid, quotesOf } from './fx-quotes.ts';
export { type Rate, rateOf } from './fx-rate.ts';
export { LeavingCoins } from './leaving-coins.ts';
export { suspendedOf, warnedOf } from './market-status.ts';
export { ReceiverClock } from './receiver-clock.ts';
export { type Settings, settingsOf } from './settings.ts';
export { chooseCoins, type Listing } from './universe.ts';
export { stateOf } from './venue-state.ts';
