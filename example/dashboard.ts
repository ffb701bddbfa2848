import { type Request, Router } from 'express';
import { CriteoAPIError } from 'passport-criteo';
import { type ConnectionCard, dashboardPage } from './dashboard-page';
import { failureOfError, isLost } from './failures';
import { fetchPortfolio } from './portfolio';
import { field, type Site } from './site';
import { type Connection, userOf } from './users';

/** The dashboard: what is connected, as Criteo reports it now, and how long each access token still lives. */
export function dashboard({ criteo, tokens, store, view }: Site): Router {
  const router = Router();

  // Criteo is asked about each connection every time. The token source refreshes tokens where that needs it; the app
  // deals with consents that have ended.
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

  // The app does not need this button: tokens are refreshed when they have to be. It shows that the user is not needed.
  router.post('/refresh', async (req, res) => {
    const connection = userOf(req)?.connections.get(field(req, 'connection'));
    if (!connection) return res.redirect(303, '/dashboard');
    try {
      // By value: `true` would leave a token that is younger than a second.
      await tokens.accessToken(connection.key, { force: store.get(connection.key)?.accessToken ?? true });
      req.session.notice = `The access token of ${connection.name} was refreshed.`;
    } catch (error) {
      // A token that was issued a moment ago is not replaced again at once.
      if (error instanceof CriteoAPIError && error.code === 'fresh_token_refused') {
        req.session.notice = `The access token of ${connection.name} was refreshed a moment ago.`;
      } else if (!isLost(error)) {
        // If the connection is lost, the dashboard says so, and what to do about it.
        throw error;
      }
    }
    // Browsers without JavaScript move the focus back to the button.
    res.redirect(303, `/dashboard#refresh-${connection.profile.id}`);
  });

  return router;
}
