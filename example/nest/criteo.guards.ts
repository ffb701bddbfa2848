import { type ExecutionContext, HttpException, Inject, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { FailureInfo } from 'passport-criteo';
import { SETTINGS, type Settings, type Visit } from './settings.js';

/** Redirects users to Criteo on one route, and finishes the login on the other. */
@Injectable()
export class CriteoGuard extends AuthGuard('criteo') {
  /** Returns the app's own state for this login. It is kept in the session, and returned at the end of the login. */
  override getAuthenticateOptions(context: ExecutionContext): object {
    const { returnTo } = context.switchToHttp().getRequest<Visit>().query;
    return { state: { returnTo } };
  }

  /** Responds with the reason of a failed login, and logs it. Nest's own guard ignores `info`. */
  override handleRequest<User>(error: unknown, user: User | false, info: FailureInfo): User {
    if (error) {
      // Errors of Criteo and of the network have the status to respond with. Other errors are mistakes in the app.
      const { status, code, retryable } = error as { status?: number; code?: string; retryable?: boolean };
      throw code && status ? new HttpException({ code, retryable }, status, { cause: error }) : error;
    }
    if (user) return user;
    console.warn(`Criteo login failed: ${info.code}`);
    throw new HttpException({ code: info.code, message: info.message }, 401);
  }
}

/** Connects Criteo to the signed-in user: another callback, and `request.account` instead of `request.user`. */
@Injectable()
export class ConnectGuard extends CriteoGuard {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {
    super({ property: 'account' });
  }

  override getAuthenticateOptions(): object {
    return { callbackURL: `${this.settings.home}/criteo-connect/callback` };
  }
}
