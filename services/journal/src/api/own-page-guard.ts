import { type CanActivate, type ExecutionContext, ForbiddenException, Inject, Injectable } from '@nestjs/common';

export const HTTP_HOST = Symbol('http host');
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const SAME = new Set(['same-origin', 'none']);

interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * The API has no login: it listens on loopback. A page of another site in a browser on this machine could still ask it, by
 * its own address or by a name that leads here; both are told by the headers that browsers send.
 */
@Injectable()
export class OwnPageGuard implements CanActivate {
  constructor(@Inject(HTTP_HOST) private readonly httpHost: string) {}

  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Asked>();
    const host = String(headers.host ?? '');
    const name = host.replace(/:\d+$/, '');
    if (LOOPBACK.has(this.httpHost) && !LOOPBACK.has(name)) throw new ForbiddenException(`asked as ${name}: use 127.0.0.1`);
    const site = headers['sec-fetch-site'];
    const { origin } = headers;
    if ((site !== undefined && !SAME.has(String(site))) || (origin !== undefined && origin !== `http://${host}`))
      throw new ForbiddenException('asked from a page of another site');
    return true;
  }
}
