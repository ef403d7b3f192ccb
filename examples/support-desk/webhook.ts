import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server on loopback that stands for the public world: it keeps whatever arrives. */
export async function startWebhook(): Promise<Webhook> {
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived.push(Buffer.concat(chunks).toString('utf8'));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return {
    url,
    arrived,
    async post(message) {
      const response = await fetch(url, { method: 'POST', body: message, headers: { connection: 'close' } });
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface Webhook extends AsyncDisposable {
  readonly url: string;
  /** The bodies of all requests, in order. */
  readonly arrived: readonly string[];
  /** The host function that is offered to guests. */
  post(message: string): Promise<void>;
}
