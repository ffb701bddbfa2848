import type { Schema } from '../../schema/json-schema';
import type { GrantOptions, Revocation } from '../../types';
import { appChoice, type Operation, object, withFirstID } from '../operation';
import { consentResponse, decisionResponse, grantResponse, listOf, portalLinkResponse } from '../response-schemas';

const ids: Schema = { type: 'array', items: { type: 'string' }, maxItems: 1000 };

/** Consents: decided by a user, given without a browser, revoked. */
export const consentOperations: readonly Operation[] = [
  {
    id: 'decide',
    method: 'POST',
    path: '/decisions',
    summary: 'Opens a consent URL and decides as a user would; returns where the user is sent back to.',
    body: object(
      {
        consentURL: { type: 'string', minLength: 1, description: 'Where the app redirected the user.' },
        decision: { enum: ['approve', 'deny'] },
        advertisers: { ...ids, description: 'Ids of the advertisers (accounts) to tick. Without it: all.' },
        user: { type: 'string', description: 'Id or name of the user. Without it: the first one.' },
      },
      ['consentURL', 'decision'],
    ),
    response: decisionResponse,
    run: async (sandbox, { body }) => {
      const { consentURL, decision, advertisers, user } = body as Decision;
      const redirectURL =
        decision === 'approve'
          ? await sandbox.approve(consentURL, { advertisers, user })
          : await sandbox.deny(consentURL, { user });
      return { redirectURL };
    },
  },
  {
    id: 'listConsents',
    method: 'GET',
    path: '/consents',
    summary: 'Lists the consents, newest first.',
    query: { app: appChoice },
    response: listOf(consentResponse),
    run: (sandbox, { query }) => {
      const { app } = withFirstID(sandbox, query as { app?: string });
      return sandbox.consents.filter((consent) => app === undefined || consent.app === app);
    },
  },
  {
    id: 'grant',
    method: 'POST',
    path: '/consents',
    summary: 'Gives consent without a browser. The kind `login` comes with tokens.',
    body: object({
      app: { type: 'string', description: 'A client id of the app. Without it: the first one.' },
      user: { type: 'string', description: 'Id or name of the user. Without it: the first one.' },
      advertisers: { ...ids, description: 'Ids of the advertisers (accounts) to share. Without it: all.' },
      kind: { enum: ['login', 'portal link'], default: 'portal link' },
    }),
    status: 201,
    response: grantResponse,
    run: (sandbox, { body }) => sandbox.grant(body as GrantOptions),
  },
  {
    id: 'revokeAll',
    method: 'DELETE',
    path: '/consents',
    summary: 'Revokes every consent, or every consent for one app.',
    query: { app: appChoice, how: { enum: ['dashboard', 'role-change'], default: 'dashboard' } },
    run: (sandbox, { query }) => sandbox.revoke(undefined, query as { app?: string; how?: Revocation }),
  },
  {
    id: 'revoke',
    method: 'DELETE',
    path: '/consents/{id}',
    summary: 'Revokes a consent.',
    query: { how: { enum: ['dashboard', 'role-change'], default: 'dashboard' } },
    run: (sandbox, { params, query }) => sandbox.revoke(params['id'], query as { how?: Revocation }),
  },
  {
    id: 'createPortalLink',
    method: 'POST',
    path: '/portal-links',
    summary: "Makes a consent link as Criteo's portal makes them.",
    body: object({
      app: { type: 'string', description: 'A client id of the app. Without it: the first one.' },
      redirectURI: { type: 'string', description: 'Where the user goes afterwards.' },
      state: { type: 'string' },
    }),
    status: 201,
    response: portalLinkResponse,
    run: (sandbox, { body }) => ({ consentURL: sandbox.portalLink(body as object) }),
  },
];

interface Decision {
  readonly consentURL: string;
  readonly decision: 'approve' | 'deny';
  readonly advertisers?: readonly string[];
  readonly user?: string;
}
