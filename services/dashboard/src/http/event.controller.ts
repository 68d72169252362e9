import { NotAnEvent, NotThere, type Why } from '@arb/shared/replay';
import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Inject,
  NotFoundException,
  Query,
  ServiceUnavailableException,
} from '@nestjs/common';

export const EXPLAIN = Symbol('explain');
/** Why an event stands in the record; null where the record cannot be read yet. */
export type Explain = (event: string) => Promise<Why> | null;

/** People follow a link of an alert: a few questions at once, so that none who asks in a loop takes the database away from the rest. */
const MOST_AT_ONCE = 2;
const LONGEST = 100;

@Controller('api')
export class EventController {
  private asked = 0;

  constructor(@Inject(EXPLAIN) private readonly explain: Explain) {}

  /** What an event says, what it rests on, and what followed. */
  @Get('why')
  @Header('cache-control', 'no-store')
  @Header('x-content-type-options', 'nosniff')
  async why(@Query('event') event: unknown): Promise<Why> {
    if (typeof event !== 'string' || event.length === 0 || event.length > LONGEST)
      throw new BadRequestException('event: expected one event, such as SESSION:POSITION or fill:last');
    if (this.asked >= MOST_AT_ONCE) throw new ServiceUnavailableException('other events are being looked for: load the page again');
    this.asked++;
    try {
      const found = await this.explain(event);
      if (found === null) throw new ServiceUnavailableException('the dashboard takes part in no session yet: load the page again');
      return found;
    } catch (error) {
      if (error instanceof NotAnEvent) throw new BadRequestException(error.message, { cause: error });
      if (error instanceof NotThere) throw new NotFoundException(error.message, { cause: error });
      throw error;
    } finally {
      this.asked--;
    }
  }
}
