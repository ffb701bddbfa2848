import { CriteoStrategy, type CriteoStrategyOptions } from 'passport-criteo';

const accounts = new Map<string, { accessToken: string; refreshToken: string | undefined }>();

export function classic(options: CriteoStrategyOptions): CriteoStrategy {
  return new CriteoStrategy(options, (accessToken, refreshToken, profile, done) => {
    if (!profile) return done(null, false);
    accounts.set(profile.id, { accessToken, refreshToken });
    done(null, { id: profile.id });
  });
}
