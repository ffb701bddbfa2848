import { expect } from 'chai';
import { CriteoStrategy } from '../../../lib/index';
import { keepsTheSession } from '../docs/traps/keep-session';
import { type Mount, opener, routes, sessions } from './app';

declare module 'express-session' {
  interface SessionData {
    cart: string;
  }
}

/** An application that keeps something for people who are not signed in yet. */
const shop =
  (mount: Mount): Mount =>
  (app, passport, options) => {
    app.use(sessions());
    app.get('/fill', (req, res) => {
      req.session.cart = 'three apples';
      res.send(req.sessionID);
    });
    app.get('/cart', (req, res) => void res.json({ cart: req.session.cart, id: req.sessionID }));
    mount(app, passport, options);
  };

const documented: Mount = (app, passport, options) => {
  const callbackURL = options.callbackURL.replace('/callback', '/criteo-auth/callback');
  passport.use(new CriteoStrategy({ ...options, callbackURL, verify: ({ profile }) => ({ id: profile?.id }) }));
  keepsTheSession(app, passport);
};

describe('A login, which gives the user a new session,', () => {
  const open = opener();

  it('empties it, and ends what is pending in other tabs, which the message says', async () => {
    const { origin, visitor, begin, finish } = await open(shop(routes()));
    const { body: before } = await visitor.open(`${origin}/fill`);
    const tabs = [await begin(), await begin()] as const;
    expect((await finish(tabs[0])).status).to.equal(200);
    const { cart, id } = JSON.parse((await visitor.open(`${origin}/cart`)).body);
    expect(cart).to.equal(undefined);
    expect(id).not.to.equal(before);
    const { code, message } = JSON.parse((await finish(tabs[1])).body);
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/a login in another tab was finished first.*unless .* has keepSessionInfo: true/);
  });

  it('keeps what was in it with keepSessionInfo, other tabs’ logins too, under a new id', async () => {
    const { origin, visitor, begin, finish } = await open(shop(documented));
    const { body: before } = await visitor.open(`${origin}/fill`);
    const tabs = [await begin('/criteo-auth'), await begin('/criteo-auth')] as const;
    for (const tab of tabs) expect((await finish(tab)).location).to.equal(`${origin}/dashboard`);
    const { cart, id } = JSON.parse((await visitor.open(`${origin}/cart`)).body);
    expect(cart).to.equal('three apples');
    expect(id).not.to.equal(before);
  });
});
