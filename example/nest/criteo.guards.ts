import { type ExecutionContext, HttpException, Inject, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FailureInfo } from 'passport-criteo';
import { SETTINGS, type Settings, type Visit } from './settings.js';

/** Sends people to Criteo on the one route, and takes them back on the other. */
@Injectable()
export class CriteoGuard extends AuthGuard('criteo') {
  /** The application's own state for this login: kept in the session, and there again at its end. */
  override getAuthenticateOptions(context: ExecutionContext): object {
    const { returnTo } = context.switchToHttp().getRequest<Visit>().query;
    return { state: { returnTo } };
  }

  /** Tells why there is no user: Nest's own guard leaves `info` aside, and answers 401 without a word. */
  override handleRequest<User>(error: unknown, user: User | false, info: FailureInfo): User {
    if (error) {
      // Criteo's errors and the network's say with which status to answer; others are mistakes in the application.
      const { status, code, retryable } = error as { status?: number; code?: string; retryable?: boolean };
      throw code && status ? new HttpException({ code, retryable }, status, { cause: error }) : error;
    }
    if (!user) throw new HttpException({ code: info.code, message: info.message }, 401);
    return user;
  }
}

/** Connects Criteo to whoever is signed in: another callback, and `request.account` in place of `request.user`. */
@Injectable()
export class ConnectGuard extends CriteoGuard {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {
    super({ property: 'account' });
  }

  override getAuthenticateOptions(): object {
    return { callbackURL: `${this.settings.home}/criteo-connect/callback` };
  }
}
