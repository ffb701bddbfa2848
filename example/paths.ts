// The paths that are registered with Criteo. Criteo's own demo registers the first one.

/** Where Criteo sends users back to after signing in, unless `CRITEO_CALLBACK_URL` says otherwise. */
export const signInCallback = '/criteo-auth/callback';

/** Where Criteo sends users back to after connecting. */
export const connectCallback = '/criteo-connect/callback';

/** Where Criteo reports decisions on invitations: the connector's callback URL. */
export const consentPath = '/criteo-consent';
