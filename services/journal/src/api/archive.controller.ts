import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import {
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Param as PathParam,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ArchiveService } from './archive.service.ts';
import { ENDPOINTS, type EndpointName } from './endpoints.ts';
import { FailureFilter } from './failure.filter.ts';
import { readParameters } from './fields.ts';
import { openApi } from './openapi.ts';
import { OwnPageGuard } from './own-page-guard.ts';
import { Turnstile } from './turnstile.ts';

const HEAVY_AT_ONCE = 2;
/** So long may a file that is sent stand still, be it that Postgres takes nothing for a while. */
const SILENT_MS = 300_000;
/** Market data shrinks to a tenth by it; more would cost more than it saves. */
const GZIP_LEVEL = 3;

type Given = Readonly<Record<string, unknown>>;
type Params<E extends EndpointName> = InstanceType<(typeof ENDPOINTS)[E]['params']>;
type Asked<E extends EndpointName> = InstanceType<(typeof ENDPOINTS)[E]['query']>;

/** Path and query of a request, checked by what the table says of its endpoint. */
function read<E extends EndpointName>(endpoint: E, params: Given, query: Given): { readonly params: Params<E>; readonly query: Asked<E> } {
  const row = ENDPOINTS[endpoint];
  return {
    params: readParameters<Params<E>>(row.params as unknown as new () => Params<E>, params),
    query: readParameters<Asked<E>>(row.query as unknown as new () => Asked<E>, query),
  };
}

/** Ends the work of somebody who has gone away. */
function whileAsked(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('nobody waits for the answer any more'));
  });
  return gone.signal;
}

@Controller('api')
@UseGuards(OwnPageGuard)
@UseFilters(FailureFilter)
export class ArchiveController {
  private readonly archive: ArchiveService;
  private readonly heavy = new Turnstile(HEAVY_AT_ONCE);

  constructor(@Inject(ArchiveService) archive: ArchiveService) {
    this.archive = archive;
  }

  @Get('openapi.json')
  openapi() {
    return openApi();
  }

  @Get(ENDPOINTS.sessions.path)
  sessions(@PathParam() params: Given, @Query() given: Given) {
    return this.archive.sessions(read('sessions', params, given).query.limit);
  }

  @Get(ENDPOINTS.session.path)
  session(@PathParam() params: Given, @Query() given: Given) {
    return this.archive.session(read('session', params, given).params.session);
  }

  @Get(ENDPOINTS.event.path)
  event(@PathParam() params: Given, @Query() given: Given) {
    return this.archive.event(read('event', params, given).params.event);
  }

  @Get(ENDPOINTS.why.path)
  why(@PathParam() params: Given, @Query() given: Given) {
    return this.archive.why(read('why', params, given).params.event);
  }

  @Get(ENDPOINTS.whyNot.path)
  whyNot(@PathParam() params: Given, @Query() given: Given) {
    return this.archive.whyNot(read('whyNot', params, given).query);
  }

  @Get(ENDPOINTS.state.path)
  @Header('cache-control', 'no-store')
  state(@PathParam() given: Given, @Query() asked: Given, @Res({ passthrough: true }) response: ServerResponse) {
    const { params, query } = read('state', given, asked);
    return this.heavy.pass(() => this.archive.state(params.service, query.at, whileAsked(response)));
  }

  @Get(ENDPOINTS.replay.path)
  @Header('cache-control', 'no-store')
  replay(@PathParam() given: Given, @Query() asked: Given, @Res({ passthrough: true }) response: ServerResponse) {
    const { params, query } = read('replay', given, asked);
    return this.heavy.pass(() => this.archive.replay(params.event, query.to, whileAsked(response)));
  }

  @Get(ENDPOINTS.verify.path)
  @Header('cache-control', 'no-store')
  verify(@PathParam() given: Given, @Query() asked: Given, @Res({ passthrough: true }) response: ServerResponse) {
    const { params, query } = read('verify', given, asked);
    return this.heavy.pass(() => this.archive.verify(params.session, query, whileAsked(response)));
  }

  @Get(ENDPOINTS.exportSession.path)
  async exportSession(@PathParam() given: Given, @Query() asked: Given, @Res() response: ServerResponse): Promise<void> {
    const { params, query } = read('exportSession', given, asked);
    await this.heavy.pass(async () => {
      const { file, write } = await this.archive.exportSession(params.session, query);
      response.writeHead(200, {
        'content-type': ENDPOINTS.exportSession.sends,
        'content-disposition': `attachment; filename="${file}"`,
        'cache-control': 'no-store',
      });
      const gzip = createGzip({ level: GZIP_LEVEL });
      const signal = whileAsked(response);
      // When the writing fails, what was sent ends in the middle of the compression: nobody takes it for a whole file.
      await Promise.all([pipeline(gzip, response), write(gzip, signal).catch((error: Error) => gzip.destroy(error))]);
    });
  }

  @Post(ENDPOINTS.importSession.path)
  @HttpCode(200)
  importSession(
    @PathParam() given: Given,
    @Query() asked: Given,
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    read('importSession', given, asked);
    request.setTimeout(SILENT_MS, () => request.destroy(new Error(`nothing more of the file came for ${SILENT_MS / 1_000} s`)));
    return this.heavy.pass(() => this.archive.importSession(request, whileAsked(response)));
  }

  @Get(ENDPOINTS.storage.path)
  storage(@PathParam() params: Given, @Query() given: Given) {
    read('storage', params, given);
    return this.archive.storage();
  }

  @Get(ENDPOINTS.backups.path)
  backups(@PathParam() params: Given, @Query() given: Given) {
    read('backups', params, given);
    return this.archive.backups();
  }

  @Post(ENDPOINTS.backup.path)
  @HttpCode(200)
  backup(@PathParam() params: Given, @Query() given: Given, @Res({ passthrough: true }) response: ServerResponse) {
    const { query } = read('backup', params, given);
    return this.heavy.pass(() => this.archive.backup(query, whileAsked(response)));
  }
}
