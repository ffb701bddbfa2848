import type { CriteoStrategy } from 'passport-criteo';
import refresh from 'passport-oauth2-refresh';

interface Row {
  userId: string;
  refreshToken: string;
}

export function newAccessToken(strategy: CriteoStrategy, row: Row): Promise<string | undefined> {
  refresh.use(strategy);
  return new Promise((resolve, reject) => {
    refresh.requestNewAccessToken('criteo', row.refreshToken, (error, accessToken) => {
      if (error) reject(error);
      else resolve(accessToken);
    });
  });
}
