import { type Request, type Response, Router } from 'express';
import { CriteoClient, consentCallback, TokenSource } from 'passport-criteo';
import { failureOfError } from './failures';
import type { Html } from './html';
import { type Invitation, Invitations } from './invitations';
import { decisionPart, invitationPage, invitedPage, invitePage, type Shared } from './invite-pages';
import { consentPath } from './paths';
import { fetchPortfolio } from './portfolio';
import type { Site } from './site';
import { userOf } from './users';

/**
 * "Invite an advertiser": a link for another person. They decide at Criteo, Criteo reports the decision, and then the
 * app uses its own token (client credentials). The invited person does not sign in here.
 *
 * @returns two parts: `callback` reads raw bodies, so it must be mounted before every body parser
 */
export function invite({ criteo, signing, view, fail, log, now }: Site): { callback: Router; pages: Router } {
  const invitations = new Invitations();
  const callback = Router();
  const pages = Router();
  const missing = [
    ...(criteo.clientSecret ? [] : ['CRITEO_CLIENT_SECRET']),
    ...(signing ? [] : ['CRITEO_SIGNING_KEY', 'CRITEO_SIGNING_SECRET']),
  ];
  const origin = new URL(criteo.callbackURL).origin;
  const callbackURL = origin + consentPath;

  pages.get('/invite', (req, res) => {
    const user = userOf(req);
    if (!user) return res.redirect('/');
    res.send(invitePage(view(req), { invitations: invitations.by(user), missing, callbackURL }));
  });
  if (!signing || missing.length > 0) return { callback, pages };

  // 1. The app signs the link, without a request to Criteo. The link works once.
  pages.post('/invite', (req, res) => {
    const user = userOf(req);
    if (!user) return res.redirect(303, '/');
    const link = { signing, redirectURI: `${origin}/invited`, consentURL: criteo.authorizationURL, now: now() };
    res.redirect(303, `/invite/${invitations.make(user, link).id}`);
  });

  // 2. The invited person decides at Criteo, and Criteo posts the decision here. The signature proves that it is Criteo.
  // The invited person waits for this response, so do slow work later.
  callback.all(
    consentPath,
    consentCallback({
      secret: signing.secret,
      onConsent: (event) => {
        if (!invitations.decide(event)) log(`unknown_invitation: nothing to do for ${event.type} (${event.id})`);
      },
      onError: ({ code, message }) => log(`${code}: ${message}`),
    }),
  );

  // 3. Then Criteo sends the person here. The redirect's parameters are not documented, so the app reads none.
  pages.get('/invited', (req, res) => {
    res.send(invitedPage(view(req)));
  });

  // 4. The app's own token now gives access to what was shared. There is no refresh token: the token source gets a new
  // access token every 15 minutes.
  const tokens = new TokenSource({ client: new CriteoClient(criteo), grant: 'client_credentials' });
  const decisionOf = async (req: Request, invitation: Invitation): Promise<Html> => {
    let shared: Shared = {};
    if (invitation.decision?.granted) {
      try {
        shared = { portfolio: await fetchPortfolio(tokens, undefined, criteo) };
      } catch (error) {
        shared = { problem: failureOfError(error, { comingBack: false, things: view(req).things }).title };
      }
    }
    return decisionPart(invitation, shared, view(req).things);
  };

  const find = (req: Request<{ id: string }>): Invitation | undefined => {
    const user = userOf(req);
    return user && invitations.find(req.params.id, user);
  };

  pages.get('/invite/:id', async (req, res) => {
    const invitation = find(req);
    if (invitation) return res.send(invitationPage(view(req), invitation, await decisionOf(req, invitation)));
    fail(req, res, {
      status: 404,
      title: 'There is no such invitation',
      text: 'Another user made it, or the app was restarted.',
      facts: { code: 'unknown_invitation' },
    });
  });

  // 5. The page waits here for the decision: server-sent events.
  pages.get('/invite/:id/events', (req, res) => {
    const invitation = find(req);
    // Browsers do not reconnect after a 204 (HTML standard, server-sent events).
    if (!invitation) return res.status(204).end();
    const send = () => {
      decisionOf(req, invitation).then(
        // The browser may have disconnected.
        ({ text }) => res.closed || res.write(`data: ${JSON.stringify(text)}\n\n`),
        () => res.end(),
      );
    };
    openEvents(res, invitations.watch(invitation, send));
    // The decision may have arrived between the page and this request.
    if (invitation.decision) send();
  });

  return { callback, pages };
}

/** Starts a stream of events, and calls `onClose` when the browser has disconnected. */
function openEvents(res: Response, onClose: () => void): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  res.write(': waiting\n\n');
  // Proxies close idle connections.
  const beat = setInterval(() => res.write(': still waiting\n\n'), 20_000);
  res.on('close', () => {
    clearInterval(beat);
    onClose();
  });
}
