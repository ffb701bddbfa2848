import { createHmac, timingSafeEqual } from 'node:crypto';
import { signConsentCallback, verifyConsentCallback } from 'passport-criteo';
import { Webhook } from 'standardwebhooks';
import { Stripe } from 'stripe';
import { compared, race } from '../support/race.mjs';

const secret = 'test-signing-secret';
const raw = 'createHmac and JSON.parse';

/** Measures checking and reading a signed callback. Stripe and Standard Webhooks use HMAC-SHA256, Criteo HMAC-SHA512. */
export async function measure() {
  const rows = [];
  for (const [size, advertisers, calls] of [
    ['165 B', 2, 1000],
    ['1.7 KB', 78, 500],
    ['100 KB', 4990, 20],
  ]) {
    const times = await race(cases(bodyOf(advertisers)), { calls });
    rows.push(...compared(`consent callback, ${size}`, times, { [raw]: 1.5, stripe: 1, standardwebhooks: 1 }));
  }
  return rows;
}

function bodyOf(advertisers) {
  const ids = Array.from({ length: advertisers }, (_, index) => String(10 ** 16 + index));
  const AcceptedScopes = ['MarketingSolutions_Campaign_Read'];
  return Buffer.from(JSON.stringify({ Type: 'ConsentGranted', State: 'state-42', AcceptedScopes, Advertisers: ids }));
}

function cases(body) {
  const ours = signConsentCallback(body, secret);
  const stripe = new Stripe('sk_test_1');
  const stripeHeader = stripe.webhooks.generateTestHeaderString({ payload: body.toString(), secret });
  const webhook = new Webhook(Buffer.from(secret).toString('base64'));
  const at = new Date();
  const headers = {
    'webhook-id': 'id-1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': webhook.sign('id-1', at, body.toString()),
  };
  return {
    'passport-criteo': () => void verifyConsentCallback(body, ours, secret),
    [raw]: () => {
      const signature = createHmac('sha512', secret).update(body).digest();
      if (!timingSafeEqual(signature, Buffer.from(ours, 'hex'))) throw new Error('a false signature');
      void JSON.parse(body.toString());
    },
    stripe: () => void stripe.webhooks.constructEvent(body, stripeHeader, secret, 1e9),
    standardwebhooks: () => void webhook.verify(body, headers),
  };
}
