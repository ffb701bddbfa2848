import { Controller, Headers, HttpCode, HttpException, Inject, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ConsentCallbackError, type ConsentEvent, verifyConsentCallback } from 'passport-criteo';
import { SETTINGS, type Settings } from './settings.js';

/** Criteo's consent callback. Its signature covers the raw bytes, so the app needs `NestFactory.create(…, { rawBody: true })`. */
@Controller('criteo-consent')
export class ConsentController {
  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  @Post()
  @HttpCode(204)
  async take(
    @Req() { rawBody }: RawBodyRequest<object>,
    @Headers('x-criteo-hmac-sha512') signature?: string,
  ): Promise<void> {
    try {
      await this.onConsent(verifyConsentCallback(rawBody ?? '', signature, this.settings.signingSecret));
    } catch (error) {
      if (error instanceof ConsentCallbackError) throw new HttpException(error.message, error.status);
      throw error; // Nest responds with 500, and Criteo sends the event again
    }
  }

  /** Criteo may send an event twice, even at the same time: ignore an `event.id` that was handled. */
  private async onConsent(event: ConsentEvent): Promise<void> {
    console.log(`${event.type} for ${event.state}`);
  }
}
