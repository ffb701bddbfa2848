import { type Request, Router } from 'express';
import { CriteoAPIError } from 'passport-criteo';
import { type ConnectionCard, dashboardPage } from './dashboard-page';
import { failureOfError, isLost } from './failures';
import { fetchPortfolio } from './portfolio';
import { field, type Site } from './site';
import { type Connection, userOf } from './users';

/** The dashboard shows each connection as Criteo reports it now, and how long its access token is still valid. */
export function dashboard({ criteo, tokens, store, view }: Site): Router {
  const router = Router();

  // Fetches the portfolio of each connection every time. The token source refreshes expired tokens. The app handles
  // consents that have ended.
  const look = async (req: Request, connection: Connection): Promise<ConnectionCard> => {
    const card: Omit<ConnectionCard, 'now'> = { connection };
    try {
      card.portfolio = await fetchPortfolio(tokens, connection.key, criteo);
    } catch (error) {
      if (isLost(error)) card.lost = true;
      else card.problem = failureOfError(error, { comingBack: false, things: view(req).things }).title;
    }
    return { ...card, tokens: store.get(connection.key), now: Date.now() };
  };

  router.get('/dashboard', async (req, res) => {
    const user = userOf(req);
    if (!user) return res.redirect('/');
    const { notice } = req.session;
    delete req.session.notice;
    const cards = await Promise.all([...user.connections.values()].map((connection) => look(req, connection)));
    res.send(dashboardPage({ ...view(req), user, notice, cards }));
  });

  // The app does not need this button, because tokens are refreshed automatically. It shows that this works without the
  // user.
  router.post('/refresh', async (req, res) => {
    const connection = userOf(req)?.connections.get(field(req, 'connection'));
    if (!connection) return res.redirect(303, '/dashboard');
    try {
      // The value of the token, because `true` does not refresh a token that is younger than a second.
      await tokens.accessToken(connection.key, { force: store.get(connection.key)?.accessToken ?? true });
      req.session.notice = `The access token of ${connection.name} was refreshed.`;
    } catch (error) {
      // A token that was issued a moment ago is not refreshed again.
      if (error instanceof CriteoAPIError && error.code === 'fresh_token_refused') {
        req.session.notice = `The access token of ${connection.name} was refreshed a moment ago.`;
      } else if (!isLost(error)) {
        // If the consent has ended, the dashboard shows how to reconnect.
        throw error;
      }
    }
    // Browsers without JavaScript move the focus back to the button.
    res.redirect(303, `/dashboard#refresh-${connection.profile.id}`);
  });

  return router;
}
