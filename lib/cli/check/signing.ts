import { type Check, finding } from './context';

/** A connector's key pair: without a browser, nothing tells whether Criteo knows it. */
export const signingPair: Check = {
  id: 'signing-pair',
  what: 'Signing key and secret',
  run({ settings: { signing } }) {
    if (!signing) return finding('skipped', 'CRITEO_SIGNING_KEY is not set');
    return finding('unknown', 'only a signed consent URL, opened in a browser, shows whether they fit');
  },
};
