import type { Agent } from 'node:http';
import type { RequestHandler } from 'express';
import type passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { users } from './users';

export interface Tenant {
  id: string;
  clientID: string;
  clientSecret: string;
  callbackURL: string;
}

type Passport = InstanceType<typeof passport.Passport>;
type FindTenant = (hostname: string) => Promise<Tenant>;

export function tenantLogin(
  passport: Passport,
  findTenant: FindTenant,
  agent: Agent,
  urls: { apiURL?: string; authorizationURL?: string } = {},
) {
  // agent: new https.Agent({ keepAlive: true, timeout: 45_000 }), one pool of connections for all tenants
  const strategies = new Map<string, CriteoStrategy>();

  function strategyOf({ id, clientID, clientSecret, callbackURL }: Tenant): CriteoStrategy {
    const known = strategies.get(id);
    if (known) return known;
    const strategy = new CriteoStrategy({
      ...urls,
      name: `criteo-${id}`, // binds a login to its tenant: no other tenant can finish it
      clientID,
      clientSecret,
      callbackURL,
      agent,
      requireUserProfile: true,
      verify: async ({ profile, tokens }) => users.save(profile, tokens),
    });
    strategies.set(id, strategy);
    return strategy;
  }

  // For both routes. Passport accepts a strategy instead of a name, so it need not be registered.
  const login: RequestHandler = async (req, res, next) => {
    const tenant = await findTenant(req.hostname);
    passport.authenticate(strategyOf(tenant), { successRedirect: '/dashboard' })(req, res, next);
  };
  // Call this if a tenant leaves or changes its credentials. A pending login then finishes with the new ones.
  const forget = (id: string) => strategies.delete(id);
  return { login, forget, strategyOf };
}
