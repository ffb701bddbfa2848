import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type CriteoProfile, CriteoStrategy } from 'passport-criteo';
import { SETTINGS, type Settings, type User, type Visit } from './settings.js';

// `true`: validate gets as many arguments as it names, so that it may name the token response.
@Injectable()
export class Criteo extends PassportStrategy(CriteoStrategy, 'criteo', true) {
  constructor(@Inject(SETTINGS) { home, criteo }: Settings) {
    super({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      // Whoever is signed in is in the session here, not in req.user.
      // On the Fastify adapter it is another request than Express’s; both have the session.
      bindTo: (req) => (req as unknown as Visit).session.user?.id,
    });
  }

  /** Here an application finds or makes its user, and keeps the tokens. */
  async validate(
    _accessToken: string,
    _refreshToken: string | undefined,
    params: { expires_in?: number },
    profile: CriteoProfile,
  ): Promise<User> {
    const until = Date.now() + 1000 * (params.expires_in ?? 0);
    return { id: profile.id, name: profile.displayName, until };
  }
}
