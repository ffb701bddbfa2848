// The paths that are registered with Criteo. Criteo's own demo registers the first one.

/** The path to which Criteo sends users back after sign-in, unless `CRITEO_CALLBACK_URL` sets another one. */
export const signInCallback = '/criteo-auth/callback';

/** The path to which Criteo sends users back after connecting. */
export const connectCallback = '/criteo-connect/callback';

/** The path to which Criteo reports decisions on invitations: the connector's callback URL. */
export const consentPath = '/criteo-consent';
