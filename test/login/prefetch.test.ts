import { expect } from 'chai';
import { isAheadOfVisit, isCrossSite, isPartOfPage } from '../../lib/login/prefetch';

const ask = (check: (...args: never[]) => boolean, request: object): unknown =>
  Reflect.apply(check, undefined, [request]);

describe('isAheadOfVisit', () => {
  it('is true for HEAD and prefetch requests only', () => {
    for (const request of [
      { method: 'HEAD' },
      { headers: { 'sec-purpose': 'prefetch;prerender' } },
      { headers: { purpose: 'prefetch' } },
      { headers: { 'x-purpose': 'preview' } },
      { headers: { 'x-moz': 'Prefetch' } },
    ]) {
      expect(ask(isAheadOfVisit, request), JSON.stringify(request)).to.equal(true);
    }
    for (const request of [
      {},
      { method: 'GET', headers: {} },
      { method: 'POST' },
      { headers: { purpose: 'prefetching' } },
      { headers: { purpose: 7 } },
    ]) {
      expect(ask(isAheadOfVisit, request), JSON.stringify(request)).to.equal(false);
    }
  });
});

describe('isPartOfPage', () => {
  for (const destination of [
    'image',
    'script',
    'style',
    'font',
    'audio',
    'video',
    'track',
    'embed',
    'object',
    'worker',
  ]) {
    it(`is true for Sec-Fetch-Dest: ${destination}`, () => {
      expect(ask(isPartOfPage, { headers: { 'sec-fetch-dest': destination } })).to.equal(true);
    });
  }

  for (const destination of ['document', 'iframe', 'frame', 'fencedframe', 'empty', '', undefined, ['image']]) {
    it(`is false for Sec-Fetch-Dest: ${JSON.stringify(destination)}`, () => {
      expect(ask(isPartOfPage, { headers: { 'sec-fetch-dest': destination } })).to.equal(false);
    });
  }

  it('is false without headers', () => {
    expect(ask(isPartOfPage, {})).to.equal(false);
  });
});

describe('isCrossSite', () => {
  it('is true for Sec-Fetch-Site: cross-site, and for nothing else', () => {
    expect(ask(isCrossSite, { headers: { 'sec-fetch-site': 'cross-site' } })).to.equal(true);
    for (const site of ['same-origin', 'same-site', 'none', '', undefined, ['cross-site']]) {
      expect(ask(isCrossSite, { headers: { 'sec-fetch-site': site } }), String(site)).to.equal(false);
    }
    expect(ask(isCrossSite, {})).to.equal(false);
  });
});
