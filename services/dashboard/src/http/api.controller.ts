import type { IncomingMessage, ServerResponse } from 'node:http';
import { COIN } from '@arb/shared/contracts';
import type { Time } from '@arb/shared/runtime';
import { BadRequestException, Controller, Get, Header, Inject, Query, Req, Res, ServiceUnavailableException } from '@nestjs/common';
import type { View } from '../view/index.ts';
import type { Audience } from './audience.ts';

export const VIEW = Symbol('view');
export const AUDIENCE = Symbol('audience');
export const TIME = Symbol('time');

@Controller('api')
export class ApiController {
  constructor(
    @Inject(VIEW) private readonly view: View,
    @Inject(AUDIENCE) private readonly audience: Audience,
    @Inject(TIME) private readonly time: Time,
  ) {}

  /** Everything the page shows, with the merged books of all coins. */
  @Get('state')
  @Header('cache-control', 'no-store')
  @Header('x-content-type-options', 'nosniff')
  state() {
    return { now: this.time.wallMicros(), ...this.view.state(), books: this.view.books() };
  }

  /** Server-sent events: `state` once, then `change`, and `book` of the coin asked for. */
  @Get('stream')
  stream(@Query('coin') coin: unknown, @Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    if (coin !== undefined && (typeof coin !== 'string' || !COIN.test(coin)))
      throw new BadRequestException('coin: expected a coin such as BTC, or no coin at all');
    if (this.audience.full())
      throw new ServiceUnavailableException('as many pages are open as are served at once: close one, then load this one again');
    request.socket.setNoDelay(true);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // A proxy that buffers would turn the stream into nothing.
      'x-accel-buffering': 'no',
    });
    this.audience.join(response, coin ?? null);
  }
}
