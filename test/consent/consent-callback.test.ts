import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import express, { type RequestHandler } from 'express';
import {
  type ConsentCallbackHandler,
  type ConsentCallbackOptions,
  type ConsentEvent,
  consentCallback,
  signConsentCallback,
} from '../../lib';
import type { ConsentCallbackError } from '../../lib/errors';
import { closeAll, deliver, denial, dial, gate, grant, head, listen, secret } from './support';

/** A callback that keeps what it is told. */
function recorder(options: Partial<ConsentCallbackOptions> = {}) {
  const events: ConsentEvent[] = [];
  const errors: ConsentCallbackError[] = [];
  const handler = consentCallback({
    secret,
    onConsent: (event) => void events.push(event),
    onError: (error) => void errors.push(error),
    ...options,
  });
  return { events, errors, handler };
}

/** An Express app with the callback behind `ahead`; whatever passes the callback by is answered 599. */
async function onExpress(handler: RequestHandler, ...ahead: RequestHandler[]): Promise<number> {
  const app = express();
  for (const middleware of ahead) app.use(middleware);
  app.post('/criteo-consent', handler);
  app.use((_req, res) => void res.sendStatus(599));
  return listen(app);
}

describe('consentCallback', () => {
  afterEach(closeAll);

  for (const [place, mount] of [
    ["node's http", (handler: ConsentCallbackHandler) => listen(handler)],
    ['Express', (handler: ConsentCallbackHandler) => onExpress(handler)],
  ] as const) {
    describe(`on ${place}`, () => {
      it('gives the event to onConsent and responds with 204 and no body', async () => {
        const { events, errors, handler } = recorder();
        const response = await deliver(await mount(handler), grant('user-42'));
        expect([response.status, await response.text()]).to.deep.equal([204, '']);
        expect(events).to.have.length(1);
        expect(events[0]).to.deep.include({ type: 'ConsentGranted', state: 'user-42', advertisers: [{ id: '13' }] });
        expect(errors).to.deep.equal([]);
      });

      for (const [what, body, headers, status, code] of [
        ['a body that is not JSON', 'Type=ConsentGranted', {}, 400, 'invalid_body'],
        ['an empty body', '', {}, 400, 'invalid_body'],
        [
          'a body of another secret',
          denial,
          { 'x-criteo-hmac-sha512': signConsentCallback(denial, 'x') },
          401,
          'signature_mismatch',
        ],
        ['an empty signature', denial, { 'x-criteo-hmac-sha512': '' }, 401, 'signature_missing'],
        ['a malformed signature', denial, { 'x-criteo-hmac-sha512': 'abc' }, 401, 'signature_malformed'],
        ['a body over the limit', ' '.repeat(1_048_577), {}, 413, 'body_too_large'],
        ['a body with Content-Encoding: gzip', denial, { 'content-encoding': 'gzip' }, 415, 'unsupported_encoding'],
      ] as [string, string, Record<string, string>, number, string][]) {
        it(`responds with ${status} to ${what}`, async () => {
          const { events, errors, handler } = recorder();
          const response = await deliver(await mount(handler), body, headers);
          const text = await response.text();
          expect(response.status).to.equal(status);
          expect(response.headers.get('content-type')).to.equal('text/plain; charset=utf-8');
          expect(response.headers.get('x-content-type-options')).to.equal('nosniff');
          expect(errors.map((error) => [error.code, error.status, `${error.message}\n`])).to.deep.equal([
            [code, status, text],
          ]);
          expect(events).to.deep.equal([]);
        });
      }

      it('accepts a body of exactly the limit', async () => {
        const { handler } = recorder({ limit: denial.length });
        const port = await mount(handler);
        expect((await deliver(port, denial)).status).to.equal(204);
        expect((await deliver(port, `${denial} `)).status).to.equal(413);
      });

      it('responds with 401 without a signature', async () => {
        const { handler } = recorder();
        const response = await fetch(`http://127.0.0.1:${await mount(handler)}/criteo-consent`, {
          method: 'POST',
          body: denial,
        });
        expect([response.status, await response.text()]).to.deep.equal([
          401,
          'The header x-criteo-hmac-sha512 is missing.\n',
        ]);
      });

      it('responds with 401 to two signatures', async () => {
        const { handler } = recorder();
        const again = `x-criteo-hmac-sha512: ${signConsentCallback(denial, secret)}`;
        const { socket, received } = dial(await mount(handler));
        socket.write(`${head(denial, again, 'Connection: close', `Content-Length: ${denial.length}`)}${denial}`);
        expect(await received).to.match(/^HTTP\/1\.1 401 /);
      });
    });
  }

  it('accepts a signature in upper case, and each secret of a list', async () => {
    const { events, handler } = recorder({ secret: ['new', 'old'] });
    const port = await listen(handler);
    for (const signature of [signConsentCallback(denial, 'old').toUpperCase(), signConsentCallback(denial, 'new')]) {
      expect((await deliver(port, denial, { 'x-criteo-hmac-sha512': signature })).status).to.equal(204);
    }
    expect(events).to.have.length(1);
  });

  it('accepts the header Content-Encoding: identity', async () => {
    const { handler } = recorder();
    expect((await deliver(await listen(handler), denial, { 'content-encoding': 'Identity' })).status).to.equal(204);
  });

  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    it(`responds with 405 to ${method}, and says which method is allowed`, async () => {
      const { errors, handler } = recorder();
      const port = await listen(handler);
      const response = await fetch(`http://127.0.0.1:${port}/`, { method, ...(method === 'PUT' && { body: denial }) });
      expect([response.status, response.headers.get('allow')]).to.deep.equal([405, 'POST']);
      expect(errors[0]).to.include({ code: 'method_not_allowed' });
    });
  }

  describe('behind a body parser', () => {
    const keeping = express.json({
      verify: (req: IncomingMessage & { rawBody?: unknown }, _res, bytes) => {
        req.rawBody = bytes;
      },
    });
    const streaming: RequestHandler = (req, _res, next) => void req.on('end', () => setImmediate(next)).resume();

    for (const [what, ahead] of [
      ['express.raw', express.raw({ type: '*/*' })],
      ['express.text', express.text({ type: '*/*' })],
      ['express.json that keeps req.rawBody', keeping],
      ['express.urlencoded, which does not read JSON', express.urlencoded()],
      ['express.json for other content types', express.json({ type: 'application/vnd.api+json' })],
      ['a parser that paused the stream', ((req, _res, next) => void next(req.pause() && undefined)) as RequestHandler],
    ] as [string, RequestHandler][]) {
      it(`works with ${what}`, async () => {
        const { events, handler } = recorder();
        const port = await onExpress(handler, ahead);
        expect((await deliver(port, grant('é'))).status).to.equal(204);
        expect(events[0]?.state).to.equal('é');
      });
    }

    it('applies the limit to bytes that a parser has kept', async () => {
      const { handler } = recorder({ limit: 10 });
      for (const ahead of [express.raw({ type: '*/*' }), express.text({ type: '*/*' })]) {
        const { socket, received } = dial(await onExpress(handler, ahead));
        const chunk = `${denial.length.toString(16)}\r\n${denial}\r\n0\r\n\r\n`;
        socket.write(
          `${head(denial, 'Content-Type: text/plain', 'Transfer-Encoding: chunked', 'Connection: close')}${chunk}`,
        );
        expect(await received).to.match(/^HTTP\/1\.1 413 /);
      }
    });

    it('does not check the signature of a body that a parser has decompressed', async () => {
      const { handler } = recorder();
      const port = await onExpress(handler, express.raw({ type: '*/*' }));
      const headers = { 'content-encoding': 'gzip', 'x-criteo-hmac-sha512': signConsentCallback(denial, secret) };
      expect((await deliver(port, new Uint8Array(gzipSync(denial)), headers)).status).to.equal(415);
    });

    for (const [what, ahead] of [
      ['express.json', express.json()],
      ['a parser that read the stream', streaming],
      [
        'a parser that decoded the stream',
        ((req, _res, next) => void next(req.setEncoding('utf8') && undefined)) as RequestHandler,
      ],
    ] as [string, RequestHandler][]) {
      it(`responds with 500 at once, with the mistake and the fix, to ${what}`, async () => {
        const { events, errors, handler } = recorder();
        const response = await deliver(await onExpress(handler, ahead), grant('hush'));
        const text = await response.text();
        expect(response.status).to.equal(500);
        expect(text).to.match(
          /^The body was read before .* Mount consentCallback ahead of express\.json\(\).*express\.raw/,
        );
        expect(errors).to.have.length(1);
        expect(errors[0]).to.include({ code: 'raw_body_missing', status: 500, message: text.trim() });
        expect(inspect(errors)).not.to.match(/hush|test-signing-secret/);
        expect(events).to.deep.equal([]);
      });
    }

    it('recognizes an empty body that was read', async () => {
      const { errors, handler } = recorder();
      expect((await deliver(await onExpress(handler, streaming), '')).status).to.equal(400);
      expect(errors[0]).to.include({ code: 'invalid_body' });
    });

    it('responds with 500 if the body cannot be accessed', async () => {
      const { errors, handler } = recorder();
      const port = await listen((req, res) => {
        const failing = {
          get(): never {
            throw new SyntaxError('hush');
          },
        };
        handler(Object.defineProperty(req, 'body', failing), res);
      });
      const response = await deliver(port, denial);
      expect([response.status, await response.text()]).to.deep.equal([500, 'The consent callback failed.\n']);
      expect(errors[0]).to.include({ code: 'internal_error' });
      expect(errors[0]?.cause).to.include({ name: 'SyntaxError', message: 'hush' });
    });
  });

  describe('if onConsent fails', () => {
    for (const [how, onConsent] of [
      [
        'throws',
        () => {
          throw new Error('hush');
        },
      ],
      [
        'rejects',
        async () => {
          throw new Error('hush');
        },
      ],
      ['rejects with nothing', () => Promise.reject()],
    ] as [string, () => unknown][]) {
      it(`responds with 500, and shows the cause to onError only: onConsent ${how}`, async () => {
        const { errors, handler } = recorder({ onConsent });
        const response = await deliver(await listen(handler), denial);
        expect(response.status).to.equal(500);
        expect(await response.text()).to.match(
          /^onConsent failed\. Event [0-9a-f]{64} is not done and may be sent again\.\n$/,
        );
        expect(errors).to.have.length(1);
        expect(errors[0]).to.include({ code: 'handler_failed', status: 500, retryable: true });
        if (!how.includes('nothing')) expect(errors[0]?.cause).to.have.property('message', 'hush');
      });
    }
  });

  describe('onError', () => {
    for (const [how, onError] of [
      [
        'throws',
        () => {
          throw new Error('no');
        },
      ],
      [
        'rejects',
        async () => {
          throw new Error('no');
        },
      ],
    ] as [string, () => unknown][]) {
      it(`does not change the response if it ${how}`, async () => {
        const { handler } = recorder({ onError, onConsent: () => Promise.reject(new Error('no')) });
        const port = await listen(handler);
        expect((await deliver(port, denial, { 'x-criteo-hmac-sha512': 'x' })).status).to.equal(401);
        expect((await deliver(port, denial)).status).to.equal(500);
      });
    }

    it('prints failures of the app by default, and not refused requests', async () => {
      const printed: unknown[] = [];
      const { error } = console;
      console.error = (...texts: unknown[]) => void printed.push(...texts);
      try {
        const handler = consentCallback({ secret, onConsent: () => Promise.reject(new Error('broken')) });
        const port = await listen(handler);
        await deliver(port, denial, { 'x-criteo-hmac-sha512': 'x' });
        expect(printed).to.deep.equal([]);
        await deliver(port, denial);
      } finally {
        console.error = error;
      }
      expect(printed).to.have.length(1);
      expect(printed[0]).to.include({ code: 'handler_failed' });
      expect(inspect(printed[0])).not.to.include(secret);
    });
  });

  describe('exactly one response', () => {
    it('is not sent if the app has responded already', async () => {
      const { events, handler } = recorder();
      const port = await listen((req, res) => {
        res.writeHead(202).flushHeaders();
        handler(req, res);
        req.on('end', () => setImmediate(() => res.end('theirs')));
      });
      const response = await deliver(port, denial);
      expect([response.status, await response.text()]).to.deep.equal([202, 'theirs']);
      expect(events).to.have.length(1);
    });

    it('closes the connection if it cannot be written', async () => {
      const { handler } = recorder();
      const port = await listen((req, res) => {
        res.writeHead = () => {
          throw new Error('a session store that fails while the head is written');
        };
        handler(req, res);
      });
      const refused = await deliver(port, denial).then(
        () => 'answered',
        () => 'hung up',
      );
      expect(refused).to.equal('hung up');
    });

    it('is not sent if the sender has closed the connection, but the success of onConsent counts', async () => {
      const [begun, finish] = [gate(), gate()];
      let runs = 0;
      const { handler } = recorder({
        onConsent: () => {
          runs += 1;
          begun.open();
          return finish.opened;
        },
      });
      const left = gate();
      let heads = 0;
      const port = await listen((req, res) => {
        const { writeHead } = res;
        res.writeHead = (status: number) => {
          heads += 1;
          return writeHead.call(res, status);
        };
        res.once('close', left.open);
        handler(req, res);
      });
      const { socket } = dial(port);
      socket.write(`${head(denial, `Content-Length: ${denial.length}`)}${denial}`);
      await begun.opened;
      socket.destroy();
      await left.opened;
      finish.open();
      expect((await deliver(port, denial)).status).to.equal(204);
      expect([runs, heads], 'one run, and nothing written to nobody').to.deep.equal([1, 1]);
    });

    it('is sent without a call of next', async () => {
      const { handler } = recorder();
      const port = await onExpress(handler);
      for (const headers of [{}, { 'x-criteo-hmac-sha512': 'x' }] as Record<string, string>[]) {
        expect((await deliver(port, denial, headers)).status).not.to.equal(599);
      }
    });

    it('is sent for a request that had ended before', async () => {
      const told = gate<ConsentCallbackError>();
      const { handler } = recorder({ onError: told.open });
      const req = new IncomingMessage(new Socket());
      Object.assign(req, { method: 'POST', headers: { 'x-criteo-hmac-sha512': '0'.repeat(128) } });
      const res = new ServerResponse(req);
      req.destroy();
      handler(req, res);
      expect(await told.opened).to.include({ code: 'body_aborted', status: 400 });
    });
  });

  describe('options', () => {
    const fine: ConsentCallbackOptions = { secret, onConsent: () => {} };
    for (const [option, values] of Object.entries({
      secret: [undefined, null, '', 42, [], [''], [secret, undefined], `${secret} `, `\t${secret}`],
      onConsent: [undefined, null, 'handler', {}],
      limit: ['', 'mb', '1gb', '1 tb', '-1', '0', 0, -1, 0.5, Number.NaN, Infinity, '1e3', [], {}, true],
      timeout: ['5s', '5000', 0, -1, 0.5, Number.NaN, Infinity, 2 ** 31],
      seen: [null, 'map', {}, { get: () => {} }, { set: () => {} }, 7],
      onError: [null, 'print', {}],
    })) {
      for (const value of values) {
        it(`do not accept ${option} ${inspect(value).replaceAll(secret, '…')}`, () => {
          expect(() => consentCallback({ ...fine, [option]: value } as ConsentCallbackOptions))
            .to.throw(TypeError, `consentCallback: the option ${option}`)
            .with.property('message')
            .that.does.not.include(secret);
        });
      }
    }

    it('are required', () => {
      expect(() => (consentCallback as (options?: unknown) => unknown)()).to.throw(TypeError, 'consentCallback');
    });

    for (const [limit, bytes] of [
      ['60', 60],
      ['60b', 60],
      ['0.0625 KB', 64],
      ['0.00006mb', 62],
      [61, 61],
    ] as const) {
      it(`accept ${limit} as a limit of ${bytes} bytes`, async () => {
        const { handler } = recorder({ limit });
        const port = await listen(handler);
        expect((await deliver(port, denial.padEnd(bytes))).status).to.equal(204);
        expect((await deliver(port, denial.padEnd(bytes + 1))).status).to.equal(413);
      });
    }

    it('are copied, so later changes have no effect', async () => {
      const secrets = [secret];
      const { handler } = recorder({ secret: secrets });
      secrets[0] = 'changed';
      expect((await deliver(await listen(handler), denial)).status).to.equal(204);
    });
  });
});

describe('The options of consentCallback', () => {
  const right = { secret: 'signing', onConsent: () => {} };
  for (const [option, value, must] of [
    ['onConsent', undefined, 'must be a function that takes an event'],
    ['onError', 'log', 'must be a function that takes an error'],
    ['seen', {}, 'must have the methods get and set, as a Map or a Keyv does'],
  ] as const) {
    it(`name what ${option} must be`, () => {
      const options = { ...right, [option]: value } as never;
      expect(() => consentCallback(options)).to.throw(TypeError, `consentCallback: the option ${option} ${must}`);
    });
  }
});
