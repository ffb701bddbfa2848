import { ConsentCallbackError, type ConsentEvent, verifyConsentCallback } from 'passport-criteo';

/** The part of an AWS Lambda HTTP event (function URL, API Gateway) that this handler reads. */
export interface HTTPEvent {
  headers: Record<string, string | undefined>;
  body?: string | null;
  isBase64Encoded?: boolean;
}

/**
 * Serverless: `export const handler = takeConsent(secret, onConsent)`. The gateway decides whether the body is text or
 * base64. Both contain the bytes as received.
 */
export function takeConsent(secret: string, onConsent: (event: ConsentEvent) => Promise<void>) {
  return async ({ headers, body, isBase64Encoded }: HTTPEvent): Promise<{ statusCode: number; body?: string }> => {
    const bytes = Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
    // REST APIs keep the letter case of header names.
    const name = Object.keys(headers).find((header) => header.toLowerCase() === 'x-criteo-hmac-sha512');
    let event: ConsentEvent;
    try {
      event = verifyConsentCallback(bytes, name && headers[name], secret);
    } catch (error) {
      if (error instanceof ConsentCallbackError) return { statusCode: error.status, body: error.message };
      throw error;
    }
    await onConsent(event);
    return { statusCode: 204 };
  };
}
