import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { CriteoStrategy } from '../../../lib/index';
import { mountKeepSession } from '../docs/traps/keep-session';
import { type Mount, opener, routes, sessions } from './support';

declare module 'express-session' {
  interface SessionData {
    cart: string;
  }
}

/** Mounts an app that keeps a shopping cart in the session before the user signs in. */
const shop =
  (mount: Mount): Mount =>
  (app, passport, options) => {
    app.use(sessions(), passport.session());
    app.get('/fill', (req, res) => {
      req.session.cart = 'three apples';
      res.send(req.sessionID);
    });
    app.get('/cart', (req, res) => void res.json({ cart: req.session.cart, id: req.sessionID }));
    mount(app, passport, options);
  };

const documented: Mount = (app, passport, options) => {
  passport.use(new CriteoStrategy({ ...options, verify: ({ profile }) => ({ id: profile?.id }) }));
  mountKeepSession(app, passport);
};

describe('A sign-in', () => {
  const open = opener();

  it('starts a new session without the pending logins of other tabs, which fail with a message that says so', async () => {
    const { origin, client, begin, finish } = await open(shop(routes()));
    const { body: before } = await client.get(`${origin}/fill`);
    const tabs = [await begin(), await begin()] as const;
    expect((await finish(tabs[0])).status).to.equal(200);
    const { cart, id } = JSON.parse((await client.get(`${origin}/cart`)).body);
    expect(cart).to.equal(undefined);
    expect(id).not.to.equal(before);
    const { code, message } = JSON.parse((await finish(tabs[1])).body);
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/a login in another tab was finished first.*unless .* has keepSessionInfo: true/);
  });

  it('keeps the content of the session, under a new id, with keepSessionInfo, and logins of other tabs fail with user_changed', async () => {
    const { origin, client, begin, finish } = await open(shop(documented));
    const codes: unknown[] = [];
    const listen = (event: unknown) => Object(event).outcome !== 'redirect' && codes.push(Object(event).code);
    subscribe('passport-criteo:login', listen);
    const { body: before } = await client.get(`${origin}/fill`);
    const tabs = [await begin(), await begin()] as const;
    expect((await finish(tabs[0])).location).to.equal(`${origin}/dashboard`);
    expect((await finish(tabs[1])).location).to.equal(`${origin}/login`);
    unsubscribe('passport-criteo:login', listen);
    expect(codes).to.deep.equal([undefined, 'user_changed']);
    const { cart, id } = JSON.parse((await client.get(`${origin}/cart`)).body);
    expect(cart).to.equal('three apples');
    expect(id).not.to.equal(before);
  });
});
