import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { type CriteoProfile, CriteoStrategy } from 'passport-criteo';
import { SETTINGS, type Settings, type User, type Visit } from './settings.js';
import { Users } from './users.js';

// With `true`, validate gets as many arguments as it has parameters, so it can have one for the token response.
@Injectable()
export class Criteo extends PassportStrategy(CriteoStrategy, 'criteo', true) {
  constructor(
    @Inject(SETTINGS) { home, criteo }: Settings,
    @Inject(Users) private readonly users: Users,
  ) {
    super({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      // This app has the user's id in the session, not in req.user. Requests of the Express and the Fastify adapter
      // differ, but both have the session.
      bindTo: (req) => (req as unknown as Visit).session.userId,
    });
  }

  async validate(
    accessToken: string,
    refreshToken: string | undefined,
    params: { expires_in?: number },
    profile: CriteoProfile,
  ): Promise<User> {
    const obtainedAt = Date.now();
    const expiresAt = obtainedAt + 1000 * (params.expires_in ?? 0);
    const tokens = {
      accessToken,
      tokenType: 'Bearer',
      obtainedAt,
      expiresAt,
      ...(refreshToken && { refreshToken }),
    } as const;
    return this.users.save({ id: profile.id, name: profile.displayName, tokens });
  }
}
