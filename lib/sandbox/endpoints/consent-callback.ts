import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxRequest } from '../types';
import type { App } from '../world/apps';
import type { Consent } from '../world/consent';
import { hmac } from '../world/consent-links';
import type { World } from '../world/world';
import type { LinkRequest } from './link-request';

/** Criteo, Marketing Solutions docs, "Consent delegation": a failed delivery is repeated up to two more times. */
const attempts = 3;

/**
 * Delivers a decision to the connector's callback URL. Resolves when the app has accepted it, or the last
 * attempt has failed: the user waits until then.
 * @param consent undefined for a denial
 * @param closed ends with the sandbox
 */
export async function deliverConsent(
  world: World,
  request: LinkRequest,
  consent: Consent | undefined,
  closed: AbortSignal,
): Promise<void> {
  const { app } = request;
  const { callbackURL } = app;
  if (callbackURL === undefined) return;
  const body = callbackBody(request, consent);
  const fault = world.faults.forDelivery(app.clientID);
  if (fault?.lost) return;
  const signature = hmac(fault?.corrupt ? `${body} ` : body, app.credentials.signingSecret);
  const run = async (): Promise<void> => {
    if (fault?.late !== undefined) await sleep(fault.late, undefined, { signal: closed });
    for (let attempt = 1; attempt <= attempts && !closed.aborted; attempt++) {
      const copies = fault?.duplicate && attempt === 1 ? 2 : 1;
      const sent = Array.from({ length: copies }, () =>
        post(world, app, { url: callbackURL, body, signature, attempt }, closed),
      );
      if ((await Promise.all(sent)).includes(true)) return;
    }
  };
  const done = run().catch(() => {
    // The sandbox was closed meanwhile.
  });
  if (fault?.late === undefined) await done;
}

/** The names are documented. The spelling of `State` and the shape of the elements are variants. */
function callbackBody({ app, state }: LinkRequest, consent: Consent | undefined): string {
  const retail = app.service === 'retail-media';
  const scopes = retail
    ? ['RetailMedia_Accounts_Read', 'RetailMedia_Campaign_Read']
    : ['MarketingSolutions_Campaign_Read', 'MarketingSolutions_Analytics_Read'];
  const fields = {
    Type: JSON.stringify(consent ? 'ConsentGranted' : 'ConsentDenied'),
    AcceptedScopes: JSON.stringify(consent ? scopes : []),
    [retail ? 'Accounts' : 'Advertisers']: `[${sharedElements(app, consent).join()}]`,
    [app.switches.get('callbackStateName')]: JSON.stringify(state),
  };
  const texts = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${value}`]));
  return `{${texts.join()}}`;
}

/** Returns each element as JSON text: a number of any size cannot be made by `JSON.stringify`. */
function sharedElements(app: App, consent: Consent | undefined): string[] {
  const variant = app.switches.get('callbackIds');
  return (consent?.shared ?? []).map(({ id, name }) => {
    if (variant === 'numbers' && /^(0|[1-9]\d*)$/.test(id)) return id;
    if (variant === 'objects') return JSON.stringify({ Id: id, Name: name });
    if (variant === 'lower-case-objects') return JSON.stringify({ id, name });
    return JSON.stringify(id);
  });
}

interface Delivery {
  readonly url: string;
  readonly body: string;
  readonly signature: string;
  readonly attempt: number;
}

/** Returns true if it was taken: any status of 2xx counts. */
function post(
  world: World,
  app: App,
  { url, body, signature, attempt }: Delivery,
  closed: AbortSignal,
): Promise<boolean> {
  const { callbackTimeout } = world.settings;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-criteo-hmac-sha512': signature,
  };
  const entry = world.log.sent({ app: app.clientID, path: url, headers, body, attempt, time: app.clock.now() });
  const signal = AbortSignal.any([closed, AbortSignal.timeout(callbackTimeout)]);
  return new Promise((resolve) => {
    const finish = (taken: boolean, outcome: Pick<SandboxRequest, 'status' | 'error'>): void => {
      world.log.finish(entry, outcome);
      resolve(taken);
    };
    const { request } = url.startsWith('https:') ? https : http;
    const call = request(url, { method: 'POST', headers, signal, agent: false }, (response) => {
      const { statusCode: status = 0 } = response;
      response.on('error', () => {}).resume();
      finish(status >= 200 && status < 300, { status });
    });
    call.on('error', (error) => {
      if (entry.status !== undefined) return;
      const timedOut = signal.aborted && !closed.aborted;
      finish(false, {
        status: undefined,
        error: timedOut ? `no response within ${callbackTimeout} ms` : error.message,
      });
    });
    call.end(body);
  });
}
