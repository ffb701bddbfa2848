import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type ConsentEvent, readConsentCallback, signConsentCallback } from '../../lib';
import { ConsentCallbackError } from '../../lib/errors';
import { rejection } from '../support/errors';
import { collectGarbage } from '../support/garbage';
import { closeAll, deliver, denial, dial, gate, grant, head, listen, secret } from './support';

const url = 'https://app.example.com/criteo/consent';
const signed = (body: string) => ({ 'x-criteo-hmac-sha512': signConsentCallback(body, secret) });

/** A request with a body that comes chunk by chunk; `taken` counts what was asked of it. */
function streaming(headers: Record<string, string>, chunks: Iterable<Uint8Array>) {
  const state = { taken: 0, cancelled: gate() };
  const iterator = chunks[Symbol.iterator]();
  const body = new ReadableStream(
    {
      pull(controller) {
        const { done, value } = iterator.next();
        if (done) return controller.close();
        state.taken += value.length;
        controller.enqueue(value);
      },
      cancel: () => state.cancelled.open(),
    },
    { highWaterMark: 0 },
  );
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  return { request: new Request(url, init), state };
}

/** 16 MiB: far over every limit here. */
const large = Array.from({ length: 256 }, () => new Uint8Array(65_536).fill(32));

/** An error that nothing catches is reported by then, and mocha lets the running test fail. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const refusal = (promise: Promise<ConsentEvent>): Promise<ConsentCallbackError> =>
  rejection(promise, ConsentCallbackError);

describe('readConsentCallback', () => {
  afterEach(closeAll);

  describe('with a web Request', () => {
    const post = (body: string, headers: Record<string, string>, method = 'POST'): Request =>
      new Request(url, method === 'GET' ? { headers } : { method, body, headers });

    it('returns the event that was signed', async () => {
      const body = grant('é');
      const event = await readConsentCallback(post(body, signed(body)), { secret: ['new', secret] });
      expect(event).to.deep.include({ type: 'ConsentGranted', state: 'é', advertisers: [{ id: '13' }] });
    });

    it('reads a body that arrives byte by byte', async () => {
      const body = grant('é').padEnd(5_000);
      const { request } = streaming(
        signed(body),
        [...Buffer.from(body)].map((byte) => Uint8Array.of(byte)),
      );
      expect(await readConsentCallback(request, { secret })).to.deep.include({ state: 'é' });
    });

    for (const [what, request, code, status] of [
      ['without a signature', post(denial, {}), 'signature_missing', 401],
      ['with a malformed signature', post(denial, { 'x-criteo-hmac-sha512': 'abc' }), 'signature_malformed', 401],
      ['with the signature of another body', post(denial, signed('{}')), 'signature_mismatch', 401],
      ['with a method other than POST', post(denial, signed(denial), 'GET'), 'method_not_allowed', 405],
      [
        'with a compressed body',
        post(denial, { ...signed(denial), 'content-encoding': 'gzip' }),
        'unsupported_encoding',
        415,
      ],
      ['with a body that is not JSON', post('[', signed('[')), 'invalid_body', 400],
      ['without a body', new Request(url, { method: 'POST', headers: signed('') }), 'invalid_body', 400],
      ['over the limit', post(denial.padEnd(101), signed(denial.padEnd(101))), 'body_too_large', 413],
    ] as [string, Request, string, number][]) {
      it(`refuses one ${what} with ${status}`, async () => {
        const error = await refusal(readConsentCallback(request, { secret, limit: 100 }));
        expect(error).to.include({ code, status });
      });
    }

    it('accepts a body of exactly the limit', async () => {
      const body = denial.padEnd(100);
      expect(await readConsentCallback(post(body, signed(body)), { secret, limit: 100 })).to.have.property('type');
    });

    it('cancels a body without a signature before it reads a byte', async () => {
      const { request, state } = streaming({}, large);
      expect(await refusal(readConsentCallback(request, { secret, timeout: 20 }))).to.include({ status: 401 });
      await state.cancelled.opened;
      expect(state.taken).to.equal(0);
    });

    it('cancels a body whose announced size is over the limit before it reads a byte', async () => {
      const { request, state } = streaming({ ...signed(denial), 'content-length': '1048577' }, large);
      expect(await refusal(readConsentCallback(request, { secret, timeout: 20 }))).to.include({ status: 413 });
      await state.cancelled.opened;
      expect(state.taken).to.equal(0);
    });

    it('reads up to the limit, and cancels the rest', async () => {
      const { request, state } = streaming(signed(denial), large);
      const error = await refusal(readConsentCallback(request, { secret, limit: '256kb', timeout: 200 }));
      expect(error).to.include({ code: 'body_too_large', status: 413 });
      await state.cancelled.opened;
      // The chunk that was too much, and one that was under way.
      expect(state.taken).to.be.at.most(262_144 + 2 * 65_536);
    });

    it('cancels a body that does not arrive in time', async () => {
      const cancelled = gate();
      const body = new ReadableStream({ cancel: () => cancelled.open() });
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: signed(denial), body, duplex: 'half' };
      const error = await refusal(readConsentCallback(new Request(url, init), { secret, timeout: 20 }));
      expect(error).to.include({ code: 'body_timeout', status: 408, retryable: true });
      await cancelled.opened;
    });

    it('refuses a body that breaks off', async () => {
      const body = new ReadableStream({ pull: (controller) => controller.error(new Error('hung up')) });
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: signed(denial), body, duplex: 'half' };
      const error = await refusal(readConsentCallback(new Request(url, init), { secret }));
      expect(error).to.include({ code: 'body_aborted', status: 400, retryable: true });
    });

    it('says if the body was read already, or is being read', async () => {
      const read = post(denial, signed(denial));
      await read.text();
      const locked = post(denial, signed(denial));
      locked.body?.getReader();
      for (const request of [read, locked]) {
        const error = await refusal(readConsentCallback(request, { secret }));
        expect(error).to.include({ code: 'raw_body_missing', status: 500 });
        expect(error.message).to.include('request.clone()');
      }
    });
  });

  describe('with a Request of another implementation of Fetch', () => {
    interface Chunk {
      done: boolean;
      value?: unknown;
    }

    /** The part of a Request that the library may rely on. */
    const like = (body: unknown, headers: Record<string, string> = signed(denial), method = 'POST'): Request =>
      ({ method, headers: new Headers(headers), body, bodyUsed: false }) as Request;

    /** A polyfilled stream: it has the methods of node's own, and is of no class that node knows. */
    const polyfilled = (read: () => Promise<Chunk | undefined>, cancel: () => unknown = () => {}) => ({
      getReader: () => ({ read, cancel }),
      cancel: () => Promise.reject(new TypeError('the stream is locked')),
    });

    const chunks = (...values: unknown[]) => {
      const iterator = values.values();
      return polyfilled(async () => iterator.next() as Chunk);
    };

    const bytes = Buffer.from(denial);
    const never = new Promise<never>(() => {});
    const broken = (): never => {
      throw new Error('broken');
    };

    for (const [what, body] of [
      ['a polyfilled stream', () => chunks(bytes)],
      ['a polyfilled stream that comes byte by byte', () => chunks(...[...bytes].map((byte) => Uint8Array.of(byte)))],
      ["a stream of node's (node-fetch 3)", () => Readable.from(bytes)],
      ['bytes (node-fetch 2)', () => bytes],
    ] as [string, () => unknown][]) {
      it(`returns the event if the body is ${what}`, async () => {
        expect(await readConsentCallback(like(body()), { secret })).to.include({ type: 'ConsentDenied' });
      });

      it(`refuses a body over the limit if it is ${what}`, async () => {
        const error = await refusal(readConsentCallback(like(body()), { secret, limit: bytes.length - 1 }));
        expect(error).to.include({ code: 'body_too_large', status: 413 });
      });
    }

    it('reads nothing of a polyfilled stream ahead', async () => {
      let taken = 0;
      const body = polyfilled(async () => {
        taken += 1;
        return { done: false, value: new Uint8Array(10) };
      });
      expect(await refusal(readConsentCallback(like(body), { secret, limit: 25 }))).to.include({ status: 413 });
      await turn();
      // The third is too much; one more may be under way.
      expect(taken).to.be.within(3, 4);
    });

    it('does not cancel a polyfilled stream that was read to its end', async () => {
      const { read } = chunks(bytes).getReader();
      let cancelled = 0;
      const cancel = (): void => {
        cancelled += 1;
      };
      const body = { getReader: () => ({ read, cancel }), cancel };
      expect(await readConsentCallback(like(body), { secret })).to.include({ type: 'ConsentDenied' });
      await turn();
      expect(cancelled).to.equal(0);
    });

    for (const [what, value] of [
      ['text', denial],
      ['an object', { type: 'ConsentDenied' }],
      ['a number', 42],
      ['null', null],
      ['undefined', undefined],
      ['an object that inherits from Uint8Array', Object.create(Uint8Array.prototype)],
    ] as [string, unknown][]) {
      it(`refuses a chunk that is ${what}, and says what to pass instead`, async () => {
        const error = await refusal(readConsentCallback(like(chunks(value)), { secret }));
        expect(error).to.include({ code: 'raw_body_missing', status: 500 });
        expect(error.message).to.include('not as bytes');
      });
    }

    for (const [what, body] of [
      ['an object', { type: 'ConsentDenied' }],
      ['true', true],
      ['a stream that another reader has locked', { getReader: broken }],
    ] as [string, unknown][]) {
      it(`says that the body was read before if it is ${what}`, async () => {
        const error = await refusal(readConsentCallback(like(body), { secret, timeout: 1 }));
        expect(error).to.include({ code: 'raw_body_missing', status: 500 });
        expect(error.message).to.include('request.clone()');
      });
    }

    it('refuses another method than POST as such, even if the body was read before', async () => {
      const request = like({ getReader: broken }, signed(denial), 'PUT');
      expect(await refusal(readConsentCallback(request, { secret }))).to.include({ code: 'method_not_allowed' });
    });

    it('leaves the body of a request with another method to the app', async () => {
      const request = new Request('https://app.example.com/consents', { method: 'PUT', body: 'hello' });
      expect(await refusal(readConsentCallback(request, { secret }))).to.include({ code: 'method_not_allowed' });
      expect(await request.text()).to.equal('hello');
    });

    it("says that the body was read before if something reads the stream of node's", async () => {
      const body = Readable.from(bytes);
      body.read();
      const error = await refusal(readConsentCallback(like(body), { secret, timeout: 1 }));
      expect(error).to.include({ code: 'raw_body_missing', status: 500 });
      expect(error.message).to.include('request.clone()');
    });

    for (const [what, read] of [
      ['rejects', () => Promise.reject(new Error('hung up'))],
      ['throws', broken],
      ['resolves to nothing', async () => undefined],
    ] as [string, () => Promise<Chunk | undefined>][]) {
      it(`refuses a polyfilled stream whose read ${what}`, async () => {
        const error = await refusal(readConsentCallback(like(polyfilled(read)), { secret }));
        expect(error).to.include({ code: 'body_aborted', status: 400, retryable: true });
      });
    }

    it('tells that the stream broke off without waiting for its cancel', async () => {
      const body = polyfilled(
        () => Promise.reject(new Error('hung up')),
        () => never,
      );
      expect(await refusal(readConsentCallback(like(body), { secret }))).to.include({ code: 'body_aborted' });
    });

    for (const [what, fail] of [
      ['throws', broken],
      ['rejects', () => Promise.reject(new Error('broken'))],
    ] as [string, () => unknown][]) {
      for (const [why, headers, method, code] of [
        ['it is no POST', signed(denial), 'GET', 'method_not_allowed'],
        ['it has no signature', {}, 'POST', 'signature_missing'],
        ['it does not arrive in time', signed(denial), 'POST', 'body_timeout'],
      ] as [string, Record<string, string>, string, string][]) {
        it(`goes on if ${why} and cancel ${what}`, async () => {
          const called = gate();
          const body = polyfilled(
            () => never,
            () => {
              called.open();
              return fail();
            },
          );
          const error = await refusal(readConsentCallback(like(body, headers, method), { secret, timeout: 1 }));
          expect(error).to.include({ code });
          await called.opened;
          await turn();
        });

        it(`goes on if ${why} and destroy, of a stream of node's, ${what}`, async () => {
          const called = gate();
          const body = new Readable({ read() {} });
          body.destroy = () => {
            called.open();
            return fail() as Readable;
          };
          const error = await refusal(readConsentCallback(like(body, headers, method), { secret, timeout: 1 }));
          expect(error).to.include({ code });
          await called.opened;
          await turn();
        });
      }
    }

    it('cancels the stream as well if its reader waits for what never comes', async () => {
      const cancelled = gate();
      const body = { getReader: () => ({ read: () => never, cancel: () => never }), cancel: () => cancelled.open() };
      const error = await refusal(readConsentCallback(like(body), { secret, timeout: 1 }));
      expect(error).to.include({ code: 'body_timeout' });
      await cancelled.opened;
    });

    it("keeps the reason if a stream of node's lacks the methods to end it", async () => {
      const error = await refusal(readConsentCallback(like({ on() {} }, {}), { secret, timeout: 1 }));
      expect(error).to.include({ code: 'signature_missing' });
    });
  });

  describe("with node's request, as in Koa (ctx.req) and Fastify (request.raw)", () => {
    /** Answers as a framework's handler would. */
    const handler =
      (events: ConsentEvent[], options: { limit?: number; timeout?: number } = {}) =>
      (req: IncomingMessage, res: ServerResponse): void => {
        readConsentCallback(req, { secret, ...options }).then(
          (event) => {
            events.push(event);
            res.writeHead(204).end();
          },
          (error: ConsentCallbackError) => res.writeHead(error.status).end(error.code),
        );
      };

    it('returns the event that was signed', async () => {
      const events: ConsentEvent[] = [];
      expect((await deliver(await listen(handler(events)), grant('é'))).status).to.equal(204);
      expect(events.map(({ state }) => state)).to.deep.equal(['é']);
    });

    it('refuses an upload without a signature before it reads a byte, and closes the connection', async () => {
      const { socket, answered, received } = dial(await listen(handler([], { timeout: 100 })));
      socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
      expect(await answered).to.match(/^HTTP\/1\.1 401 /);
      await received;
    });

    it('refuses an upload over the limit, and one that is too slow', async () => {
      const port = await listen(handler([], { limit: 50, timeout: 100 }));
      const one = dial(port);
      one.socket.write(head(denial, 'Transfer-Encoding: chunked'));
      one.socket.write(`33\r\n${'x'.repeat(51)}\r\n`);
      expect(await one.answered).to.match(/^HTTP\/1\.1 413 /);
      const other = dial(port);
      other.socket.write(head(denial, 'Content-Length: 44'));
      expect(await other.answered).to.match(/^HTTP\/1\.1 408 /);
      await Promise.all([one.received, other.received]);
    });

    it('uses the bytes that a parser has kept, and says if it has kept none', async () => {
      const events: ConsentEvent[] = [];
      const take = handler(events);
      const port = await listen((req, res) => {
        const chunks: Buffer[] = [];
        req
          .on('data', (chunk) => chunks.push(chunk))
          .on('end', () => {
            if (req.url === '/kept') Object.assign(req, { rawBody: Buffer.concat(chunks) });
            take(req, res);
          });
      });
      const send = (path: string) =>
        fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: denial, headers: signed(denial) });
      expect((await send('/kept')).status).to.equal(204);
      const lost = await send('/lost');
      expect([lost.status, await lost.text()]).to.deep.equal([500, 'raw_body_missing']);
    });
  });

  describe('with a stream in place of a request of node', () => {
    const asked = (stream: Readable): IncomingMessage =>
      Object.assign(stream, { method: 'POST', headers: signed(denial) }) as Readable as IncomingMessage;

    it('returns the event if it gives bytes', async () => {
      const event = await readConsentCallback(asked(Readable.from([Buffer.from(denial)])), { secret });
      expect(event).to.include({ type: 'ConsentDenied' });
    });

    for (const [what, stream] of [
      ['text', () => Readable.from([denial])],
      ['bytes and then text', () => Readable.from([Buffer.from(denial), ''])],
      ['objects', () => Readable.from([{ type: 'ConsentDenied' }])],
    ] as [string, () => Readable][]) {
      it(`refuses one that gives ${what}, and says what to pass instead`, async () => {
        const error = await refusal(readConsentCallback(asked(stream()), { secret, timeout: 100 }));
        expect(error).to.include({ code: 'raw_body_missing', status: 500 });
        expect(error.message).to.include('not as bytes');
      });
    }

    it('refuses one that is made to give text while it is read', async () => {
      const stream = new Readable({ read() {} });
      const reading = refusal(readConsentCallback(asked(stream), { secret, timeout: 100 }));
      stream.setEncoding('utf8').push(denial);
      expect(await reading).to.include({ code: 'raw_body_missing' });
    });

    it('goes on if it cannot be destroyed', async () => {
      const called = gate();
      const stream = asked(new Readable({ read() {} }));
      stream.destroy = () => {
        called.open();
        throw new Error('broken');
      };
      expect(await refusal(readConsentCallback(stream, { secret, timeout: 1 }))).to.include({ code: 'body_timeout' });
      await called.opened;
      await turn();
    });

    it('goes on if it fails again and again', async () => {
      const stream = new Readable({ read() {}, autoDestroy: false });
      const reading = refusal(readConsentCallback(asked(stream), { secret }));
      stream.emit('error', new Error('hung up'));
      expect(await reading).to.include({ code: 'body_aborted' });
      stream.emit('error', new Error('hung up'));
      stream.destroy(new Error('hung up'));
    });
  });

  describe('does not use more memory while uploads without a signature arrive', () => {
    const MEBIBYTE = 1_048_576;

    /** How web frameworks on node make a Request of an IncomingMessage. */
    const adapted = (req: IncomingMessage): Request => {
      const body = Readable.toWeb(req) as ReadableStream;
      const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers: {}, body, duplex: 'half' };
      return new Request(url, init);
    };

    for (const [how, take] of [
      ['a web Request', (req: IncomingMessage) => readConsentCallback(adapted(req), { secret, timeout: 200 })],
      ["node's request", (req: IncomingMessage) => readConsentCallback(req, { secret, timeout: 200 })],
    ] as const) {
      it(how, async () => {
        const port = await listen((req, res) => {
          // Else node waits five seconds for a sender whose body was left unread.
          res.setHeader('connection', 'close');
          take(req).catch((error: ConsentCallbackError) => res.writeHead(error.status).end());
        });
        collectGarbage();
        const before = process.memoryUsage().arrayBuffers;
        let most = 0;
        const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MEBIBYTE, 32), Buffer.from('\r\n')]);
        const upload = async (): Promise<string> => {
          const { socket, answered, received } = dial(port);
          socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
          for (let sent = 0; sent < 40 && !socket.destroyed; sent += 1) {
            const written = new Promise((resolve) => socket.write(chunk, resolve));
            await Promise.race([written, received]);
            if (sent % 8 === 0) collectGarbage();
            most = Math.max(most, process.memoryUsage().arrayBuffers - before);
          }
          socket.destroy();
          return answered;
        };
        for (const answer of await Promise.all([upload(), upload()])) expect(answer).to.match(/^HTTP\/1\.1 401 /);
        // 80 MiB were on their way.
        expect(most).to.be.below(24 * MEBIBYTE);
      });
    }

    it('and the sender of a small one gets the response', async () => {
      const port = await listen((req, res) => {
        readConsentCallback(adapted(req), { secret }).catch((error: ConsentCallbackError) =>
          res.writeHead(error.status).end(error.message),
        );
      });
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: denial });
      expect([response.status, await response.text()]).to.deep.equal([
        401,
        'The header x-criteo-hmac-sha512 is missing.',
      ]);
    });
  });

  describe('its arguments', () => {
    const request = (): Request => new Request(url, { method: 'POST', body: denial, headers: signed(denial) });

    for (const [option, value] of [
      ['secret', undefined],
      ['secret', ''],
      ['secret', []],
      ['limit', '1 gb'],
      ['limit', 0],
      ['timeout', 0],
      ['timeout', '5s'],
    ] as [string, unknown][]) {
      it(`are refused, with the name of the option: ${option} ${JSON.stringify(value)}`, async () => {
        const error = await rejection(readConsentCallback(request(), { secret, [option]: value }), TypeError);
        expect(error.message).to.include(`readConsentCallback: the option ${option}`);
      });
    }

    it('are refused if the options or the request is missing', async () => {
      const call = readConsentCallback as (...args: unknown[]) => Promise<ConsentEvent>;
      expect((await rejection(call(request()), TypeError)).message).to.include('the option secret');
      for (const other of [undefined, null, {}, { headers: {} }, { req: request(), headers: {} }]) {
        const error = await rejection(call(other, { secret }), TypeError);
        expect(error.message).to.equal(
          "readConsentCallback: the first argument must be a web Request or node's IncomingMessage (Koa: ctx.req, Fastify: request.raw)",
        );
      }
    });
  });
});
