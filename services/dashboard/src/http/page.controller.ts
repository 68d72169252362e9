import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';

/** From `src/http` and from `dist/http` it is the same way. */
const FOLDER = new URL('../../page/', import.meta.url);

const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
}

function pageFile(name: string, type: string): PageFile {
  return { type, bytes: readFileSync(new URL(name, FOLDER)) };
}

/** Three files, read once, by their exact names: no path from outside reaches the disk. */
@Controller()
export class PageController {
  private readonly html = pageFile('index.html', 'text/html; charset=utf-8');
  private readonly script = pageFile('dashboard.js', 'text/javascript; charset=utf-8');
  private readonly style = pageFile('dashboard.css', 'text/css; charset=utf-8');

  @Get()
  index(@Res() response: ServerResponse): void {
    send(response, this.html);
  }

  @Get('dashboard.js')
  js(@Res() response: ServerResponse): void {
    send(response, this.script);
  }

  @Get('dashboard.css')
  css(@Res() response: ServerResponse): void {
    send(response, this.style);
  }
}

function send(response: ServerResponse, { type, bytes }: PageFile): void {
  response.writeHead(200, { ...HEADERS, 'content-type': type, 'content-length': bytes.length });
  response.end(bytes);
}
