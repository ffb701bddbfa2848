import { Router } from 'express';
import { CriteoClient } from 'passport-criteo';
import { dashboardPage } from './pages';
import { field, type Site } from './site';
import { userOf } from './users';

/** What is connected, and how long its token lives. */
export function dashboard({ criteo, view }: Site): Router {
  const client = new CriteoClient(criteo);
  const router = Router();

  router.get('/dashboard', (req, res) => {
    const user = userOf(req);
    if (!user) return res.redirect('/');
    const { notice } = req.session;
    delete req.session.notice;
    res.send(dashboardPage({ ...view(req), user, notice, now: Date.now() }));
  });

  // A new access token, without the person.
  router.post('/refresh', async (req, res) => {
    const connection = userOf(req)?.connections.get(field(req, 'connection'));
    if (!connection?.tokens.refreshToken) return res.redirect(303, '/dashboard');
    const fresh = await client.refresh(connection.tokens.refreshToken);
    // Criteo may leave the refresh token out of the answer: then the old one stays good.
    connection.tokens = { ...connection.tokens, ...fresh };
    req.session.notice = 'The access token was refreshed.';
    res.redirect(303, '/dashboard');
  });

  return router;
}
