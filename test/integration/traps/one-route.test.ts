import { expect } from 'chai';
import { CriteoStrategy } from '../../../lib/index';
import { hasOneRoute } from '../docs/one-route';
import { type Mount, opener, sessions } from './support';

const verify = () => ({ id: 'ada' });

/** One route for both legs, as passport-oauth2 allows. */
const alone: Mount = (app, passport, options) => {
  app.use(sessions());
  passport.use(new CriteoStrategy({ ...options, verify }));
  app.get('/criteo-auth/callback', passport.authenticate('criteo', { failureMessage: true, failureRedirect: '/why' }));
  app.get('/why', (req, res) => void res.json((req.session as { messages?: string[] }).messages));
};

const documented: Mount = (app, passport, options) => {
  app.use(sessions());
  passport.use(new CriteoStrategy({ ...options, verify }));
  hasOneRoute(app, passport, {});
};

describe('An app with one route for login and callback', () => {
  const open = opener();

  it('is told to give the login a path of its own', async () => {
    const { origin, client } = await open(alone);
    const { location } = await client.get('/criteo-auth/callback');
    expect(location).to.equal(`${origin}/why`);
    expect((await client.get(location)).body).to.match(/no login was started.*give it a path of its own/);
  });

  it('signs in with a second path for the same handler', async () => {
    const { origin, begin, finish } = await open(documented);
    expect((await finish(await begin())).location).to.equal(`${origin}/dashboard`);
  });
});
