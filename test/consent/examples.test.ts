import { expect } from 'chai';
import * as onExpress from '../../example/consent/express';
import * as onLambda from '../../example/consent/lambda';
import * as onNode from '../../example/consent/node';
import * as onTheWeb from '../../example/consent/web';
import { type ConsentEvent, signConsentCallback } from '../../lib';
import { closeAll, deliver, grant, listen, secret } from './support';

type Status = number;
type OnConsent = (event: ConsentEvent) => Promise<void>;
/** Sends a body with a signature, or none, to an example, and says what it answers. */
type Send = (body: string, signature: string | undefined) => Promise<Status>;

const overHTTP =
  (port: number): Send =>
  async (body, signature) =>
    (await deliver(port, body, { 'x-criteo-hmac-sha512': signature ?? '' })).status;

const examples: Record<string, (onConsent: OnConsent) => Promise<Send>> = {
  'plain node': async (onConsent) => {
    const server = onNode.createApp(secret, onConsent);
    return overHTTP(await listen((req, res) => server.emit('request', req, res)));
  },
  Express: async (onConsent) => overHTTP(await listen(onExpress.createApp(secret, onConsent))),
  'Express behind a parser': async (onConsent) => overHTTP(await listen(onExpress.createParsingApp(secret, onConsent))),
  'web requests': async (onConsent) => {
    const POST = onTheWeb.takeConsent(secret, onConsent);
    return async (body, signature) => {
      const headers = signature === undefined ? {} : { 'x-criteo-hmac-sha512': signature };
      return (await POST(new Request('https://app.example.com/criteo-consent', { method: 'POST', body, headers })))
        .status;
    };
  },
  'Lambda with text': async (onConsent) => {
    const handler = onLambda.takeConsent(secret, onConsent);
    return async (body, signature) =>
      (await handler({ headers: { 'x-criteo-hmac-sha512': signature }, body })).statusCode;
  },
  'Lambda with base64': async (onConsent) => {
    const handler = onLambda.takeConsent(secret, onConsent);
    return async (body, signature) => {
      const headers = signature === undefined ? {} : { 'X-Criteo-HMAC-SHA512': signature };
      return (await handler({ headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true })).statusCode;
    };
  },
};

describe('the consent examples', () => {
  afterEach(closeAll);

  for (const [name, start] of Object.entries(examples)) {
    it(`accept what Criteo signed, and nothing else: ${name}`, async () => {
      const events: ConsentEvent[] = [];
      const send = await start(async (event) => void events.push(event));
      const body = grant('é');
      expect(await send(body, signConsentCallback(body, secret))).to.equal(204);
      expect(events.map((event) => event.state)).to.deep.equal(['é']);
      expect(await send(body, signConsentCallback(body, 'another-secret'))).to.equal(401);
      expect(await send(body, undefined)).to.equal(401);
      expect(await send('[]', signConsentCallback('[]', secret))).to.equal(400);
      expect(events).to.have.length(1);
    });
  }

  it('do not change other routes', async () => {
    const port = await listen(onExpress.createApp(secret, async () => {}));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}/echo`, { method: 'POST', body: '{"a":1}', headers });
    expect(await response.json()).to.deep.equal({ a: 1 });
  });
});
