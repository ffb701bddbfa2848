// An application that declares its own kind of user, once, in Passport's place for it.
import type { RequestHandler } from 'express';
import { CriteoStrategy, type TokenSet, type Verified, type Verify } from 'passport-criteo';

declare global {
  namespace Express {
    interface User {
      id: string;
      advertisers: number;
    }
  }
}

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };

interface Admin extends Express.User {
  admin: true;
}
const asAdmin: Verify<Admin> = async ({ profile }) =>
  profile ? { id: profile.id, advertisers: profile.advertisers.length, admin: true } : false;
new CriteoStrategy({ ...registered, verify: asAdmin });
new CriteoStrategy({ ...registered, verify: async ({ req }) => req.user ?? false });
declare const users: { save(id: string, tokens: TokenSet): Promise<Express.User> };
new CriteoStrategy({
  ...registered,
  requireUserProfile: true,
  verify: async ({ profile, tokens }) => users.save(profile.id, tokens),
});
new CriteoStrategy(registered, (_accessToken, _refreshToken, profile, done) => {
  done(null, profile ? { id: profile.id, advertisers: 1 } : false);
});
export const page: RequestHandler = (req, res) => void res.json({ id: req.user?.id.toUpperCase() });

// @ts-expect-error the application's user has advertisers
new CriteoStrategy({ ...registered, verify: async ({ profile }) => ({ id: `${profile?.id}` }) });
// @ts-expect-error and is an admin, by this promise
export const notAdmin: Verify<Admin> = () => ({ id: '1', advertisers: 1 });
// @ts-expect-error in the classic form as well
new CriteoStrategy(registered, (_accessToken, _refreshToken, _profile, done) => done(null, { id: '1' }));
// @ts-expect-error by whatever name
export const tell = (done: Verified): void => done(null, { advertisers: 1 });
// @ts-expect-error nor is nothing
new CriteoStrategy({ ...registered, verify: async ({ req }) => req.user });
// @ts-expect-error nor is a text a user
new CriteoStrategy({ ...registered, verify: async () => 'ada' });
