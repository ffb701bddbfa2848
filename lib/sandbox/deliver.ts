import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from './faults';
import type { Consent } from './ledger';
import { hmac, type LinkRequest } from './links';
import type { RequestLog } from './log';
import type { Settings } from './options';
import type { Credentials } from './random';

/** Criteo, Marketing Solutions docs, "Consent delegation": a failed delivery is repeated up to two more times. */
const attempts = 3;

export interface Delivery {
  readonly settings: Settings;
  readonly app: Credentials;
  readonly faults: Faults;
  readonly log: RequestLog;
  /** Ends with the sandbox. */
  readonly life: AbortSignal;
}

/** Tells the connector's callback URL about a decision; settles when it was taken, or given up. */
export async function deliver(delivery: Delivery, request: LinkRequest, consent: Consent | undefined): Promise<void> {
  const { settings, app, faults, life } = delivery;
  if (settings.callbackURL === undefined) return;
  const body = JSON.stringify(callbackBody(settings, request, consent));
  const fault = faults.forDelivery();
  if (fault?.lost) return;
  const signature = hmac(fault?.corrupt ? `${body} ` : body, app.signingSecret);
  const run = async (url: string): Promise<void> => {
    if (fault?.late !== undefined) await sleep(fault.late, undefined, { signal: life });
    for (let attempt = 1; attempt <= attempts && !life.aborted; attempt++) {
      const copies = fault?.duplicate && attempt === 1 ? 2 : 1;
      const sent = Array.from({ length: copies }, () => post(delivery, url, body, signature, attempt));
      if ((await Promise.all(sent)).includes(true)) return;
    }
  };
  const done = run(settings.callbackURL).catch(() => {
    // The sandbox was closed meanwhile.
  });
  if (fault?.late === undefined) await done;
}

/** The names are documented; that the elements are plain ids, and the spelling of `State`, are assumptions. */
function callbackBody({ service }: Settings, { state }: LinkRequest, consent: Consent | undefined): object {
  const retail = service === 'retail-media';
  const scopes = retail
    ? ['RetailMedia_Accounts_Read', 'RetailMedia_Campaign_Read']
    : ['MarketingSolutions_Campaign_Read', 'MarketingSolutions_Analytics_Read'];
  return {
    Type: consent ? 'ConsentGranted' : 'ConsentDenied',
    AcceptedScopes: consent ? scopes : [],
    [retail ? 'Accounts' : 'Advertisers']: consent ? consent.shared.map(({ id }) => id) : [],
    State: state,
  };
}

/** @returns whether it was taken: any 2xx is */
function post(delivery: Delivery, url: string, body: string, signature: string, attempt: number): Promise<boolean> {
  const { settings, log, life } = delivery;
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'x-criteo-hmac-sha512': signature,
  };
  const entry = log.sent(url, headers, body, attempt);
  const signal = AbortSignal.any([life, AbortSignal.timeout(settings.callbackTimeout)]);
  return new Promise((resolve) => {
    const { request } = url.startsWith('https:') ? https : http;
    const call = request(url, { method: 'POST', headers, signal, agent: false }, (response) => {
      const { statusCode = 0 } = response;
      entry.status = statusCode;
      response.on('error', () => {}).resume();
      resolve(statusCode >= 200 && statusCode < 300);
    });
    call.on('error', (error) => {
      if (entry.status === undefined) {
        const timedOut = signal.aborted && !life.aborted;
        entry.error = timedOut ? `no answer within ${settings.callbackTimeout} ms` : error.message;
      }
      resolve(false);
    });
    call.end(body);
  });
}
