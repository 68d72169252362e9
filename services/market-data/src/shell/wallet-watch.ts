import type { Log } from '@arb/shared/runtime';
import type { RestRequest, VenueAdapter, WalletStatus } from '@arb/venues';

/** A key that is not taken is tried again more and more rarely: somebody has to do something about it first. */
const REFUSED_AGAIN_MOST_MS = 3_600_000;

export interface WalletWatchDeps {
  readonly adapter: VenueAdapter;
  /** What has to be signed can be asked here. */
  readonly keyed: boolean;
  readonly everyMs: number;
  readonly ask: (request: RestRequest, take: (body: Uint8Array | null, refusal: string | null) => void) => void;
  readonly later: (ms: number, call: () => void) => void;
  readonly log: Log;
  readonly changed: () => void;
}

/** Which coins can be brought in and out of a venue, as far as it tells. */
export class WalletWatch {
  private readonly deps: WalletWatchDeps;
  /** Kept while the venue does not tell: a coin that was suspended is not taken for free because nobody may look any more. */
  private wallets: readonly WalletStatus[] = [];
  /** The newest question was answered. */
  private answered = false;
  /** How often in a row the key was refused. */
  private refusals = 0;
  private why: string | null = null;

  constructor(deps: WalletWatchDeps) {
    this.deps = deps;
  }

  known(): readonly WalletStatus[] {
    return this.wallets;
  }

  told(): boolean {
    return this.answered;
  }

  refused(): string | null {
    return this.why;
  }

  ask(): void {
    const { adapter, keyed, everyMs, later, changed } = this.deps;
    const requests = adapter.rest.wallets();
    if (!keyed && requests.some(({ signed }) => signed)) {
      this.sayKeyless();
      return;
    }
    const found: WalletStatus[] = [];
    let open = requests.length;
    let failed = false;
    let refused: string | null = null;
    for (const request of requests)
      this.deps.ask(request, (body, refusal) => {
        if (body === null) failed = true;
        else found.push(...adapter.rest.decodeWallets(body));
        refused ??= refusal;
        if (--open > 0) return;
        this.answered = !failed;
        if (!failed) this.wallets = found;
        this.learn(refused, failed);
        changed();
        later(Math.max(everyMs, Math.min(REFUSED_AGAIN_MOST_MS, everyMs * 2 ** Math.min(20, this.refusals))), () => this.ask());
      });
  }

  private sayKeyless(): void {
    const { adapter, log } = this.deps;
    const [access, secret] = variablesOf(adapter.venue);
    log(
      'warn',
      `${adapter.venue} tells the state of its wallets to holders of a key only: no coin is known to be suspended; set ${access} and ${secret} to a key that may only read`,
    );
  }

  /** Once for each reason. An answer that is away says nothing about the key. */
  private learn(refusal: string | null, failed: boolean): void {
    const { adapter, log } = this.deps;
    if (refusal === null) {
      if (failed) return;
      if (this.why !== null) log('info', `${adapter.venue} tells the state of its wallets again`);
      this.why = null;
      this.refusals = 0;
      return;
    }
    this.refusals++;
    const why = `${adapter.venue} does not tell the state of its wallets: ${refusal}`;
    if (why !== this.why) log('warn', `${why}; asked again more and more rarely, at least once an hour, and at once after a restart`);
    this.why = why;
  }
}

/** As the configuration spells them. */
function variablesOf(venue: string): readonly [access: string, secret: string] {
  return [`ARB_${venue.toUpperCase()}_ACCESS_KEY`, `ARB_${venue.toUpperCase()}_SECRET_KEY`];
}
