import { ServiceUnavailableException } from '@nestjs/common';

/** Lets so much heavy work in at once; the rest is told to come back. */
export class Turnstile {
  private readonly most: number;
  private inside = 0;

  constructor(most: number) {
    this.most = most;
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside >= this.most)
      throw new ServiceUnavailableException(`${this.most} replays, exports or backups are under way: ask again later`);
    this.inside++;
    try {
      return await work();
    } finally {
      this.inside--;
    }
  }
}
