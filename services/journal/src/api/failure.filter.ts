import type { ServerResponse } from 'node:http';
import { JournalError } from '@arb/shared/journal';
import { NoStateThere, NotAnEvent, NotImported, NotThere } from '@arb/shared/replay';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';

/** By name: an error that comes from a process of its own is of no class. */
const STATUS: Readonly<Record<string, number>> = {
  [NotAnEvent.name]: 400,
  [NotThere.name]: 404,
  [NoStateThere.name]: 409,
  [NotImported.name]: 409,
  [JournalError.name]: 409,
};
const NAMES: Readonly<Record<number, string>> = { 400: 'Bad Request', 404: 'Not Found', 409: 'Conflict', 500: 'Internal Server Error' };

/** One clear sentence for whoever asked, as the command line says it. */
@Catch()
export class FailureFilter implements ExceptionFilter {
  catch(error: Error, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<ServerResponse>();
    // A file that was under way is broken off: the other side sees that it is not whole.
    if (response.headersSent) {
      response.destroy(error);
      return;
    }
    const status = error instanceof HttpException ? error.getStatus() : (STATUS[error.name] ?? 500);
    const body =
      error instanceof HttpException
        ? error.getResponse()
        : { statusCode: status, message: error.message, error: NAMES[status] ?? 'Error' };
    const text = JSON.stringify(typeof body === 'string' ? { statusCode: status, message: body } : body);
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }
}
