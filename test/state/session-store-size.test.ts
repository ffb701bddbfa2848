import { expect } from 'chai';
import { SessionStateStore } from '../../lib/state/session-store';
import { Bench, metadata } from '../support/session-store';

const verifier = 'v'.repeat(43);

describe('SessionStateStore limits the session', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(new SessionStateStore());
  });

  describe('to its size:', () => {
    it('keeps the newest 10 logins', () => {
      const handles = Array.from({ length: 500 }, () => bench.handle());
      expect(Object.keys(bench.pending)).to.deep.equal(handles.slice(-10));
      expect(bench.bytes).to.be.below(8192);
    });

    it('stays under 8 KB with 500 logins of the largest state', () => {
      const state = 'x'.repeat(2046);
      const handles: string[] = [];
      for (let login = 0; login < 500; login += 1) {
        handles.push(bench.handle(state, metadata({ boundTo: 'b'.repeat(43) }), verifier));
        expect(bench.bytes).to.be.below(8192);
      }
      expect(Object.keys(bench.pending)).to.deep.equal(handles.slice(-2));
      expect(bench.finish(handles.at(-1))[2]).to.equal(state);
    });

    it('stays under 8 KB with a callback URL of the maximum length', () => {
      const meta = metadata({ callbackURL: `https://app.example.com/${'x'.repeat(1500)}` });
      for (let login = 0; login < 20; login += 1) {
        bench.handle('x'.repeat(2000), meta, verifier);
        expect(bench.bytes).to.be.below(8192);
      }
    });

    it('counts bytes of the state, not characters', () => {
      expect(bench.start('é'.repeat(1023))[0]).to.equal(null);
      expect(bench.start('é'.repeat(1024))[0]).to.have.property('code', 'state_too_large');
    });

    it('removes old logins only if the new one does not fit beside them', () => {
      const small = bench.handle('small');
      const large = bench.handle('x'.repeat(2000));
      const larger = bench.handle('x'.repeat(2000));
      expect(Object.keys(bench.pending)).to.deep.equal([small, large, larger]);
      const last = bench.handle('x'.repeat(2000));
      expect(Object.keys(bench.pending)).to.deep.equal([larger, last]);
    });

    it('uses up to 6 KiB', () => {
      bench = new Bench(new SessionStateStore({ limit: 1000 }));
      for (let login = 0; login < 200; login += 1) {
        bench.handle(
          login % 2 ? undefined : { 'returnTo "ü"': '/'.repeat(login) },
          metadata({ boundTo: 'b'.repeat(43) }),
        );
        expect(Buffer.byteLength(JSON.stringify(bench.pending))).to.be.at.most(6144);
      }
      expect(Buffer.byteLength(JSON.stringify(bench.pending))).to.be.above(5000);
    });

    it('uses up to 6 KiB with logins that have every field', () => {
      bench = new Bench(new SessionStateStore({ limit: 1000 }));
      const full = metadata({ boundTo: 'b'.repeat(43), purpose: 'authorize', crossSite: true });
      for (let login = 0; login < 200; login += 1) {
        bench.handle(null, full, verifier);
        expect(Buffer.byteLength(JSON.stringify(bench.pending))).to.be.at.most(6144);
      }
    });

    it('counts every field of a login to the byte', () => {
      // The number of logins that fit into 6 KiB shows the size of one.
      const fields: [string, number, Parameters<Bench['handle']>][] = [
        ['the required fields', 0, []],
        ['a user', 43, [undefined, metadata({ boundTo: 'b'.repeat(43) })]],
        ['a verifier', 43, [undefined, metadata(), verifier]],
        ['a state', 102, ['x'.repeat(100)]],
        ['the purpose', 20, [undefined, metadata({ purpose: 'authorize' })]],
        ['another site', 20, [undefined, metadata({ crossSite: true })]],
      ];
      for (const [name, bytes, login] of fields) {
        bench = new Bench(new SessionStateStore({ limit: 1000 }));
        for (let count = 0; count < 100; count += 1) bench.handle(...login);
        // 150 bytes: a fixed 110, and 40 for name, client id and callback URL.
        expect(Object.keys(bench.pending), name).to.have.length(Math.floor(6144 / (150 + bytes)));
      }
    });

    it('rejects a login of more than 4096 bytes', () => {
      const url = (length: number) => metadata({ callbackURL: 'https://a/'.padEnd(length, 'x') });
      const longest = 4096 - 110 - 'criteo'.length - 'client-1'.length;
      expect(bench.start(undefined, url(longest))[0]).to.equal(null);
      expect(bench.start(undefined, url(longest + 1))[0]).to.have.property('code', 'state_too_large');
    });

    const refused: [string, unknown, string][] = [
      ['a state of more than 2048 bytes', 'x'.repeat(2047), 'state_too_large'],
      [
        'a state with a cycle',
        Object.defineProperty({}, 'me', {
          enumerable: true,
          get() {
            return this;
          },
        }),
        'state_invalid',
      ],
      ['a state that is a BigInt', 7n, 'state_invalid'],
      ['a state that is a function', () => {}, 'state_invalid'],
      ['a state that is a symbol', Symbol('s'), 'state_invalid'],
    ];
    for (const [name, state, code] of refused) {
      it(`rejects ${name} with an error that names the option, and keeps the pending logins`, () => {
        const pending = bench.handle('kept');
        const [error] = bench.start(state);
        expect(error).to.be.instanceOf(Error).and.include({ code, status: 500 });
        expect(error)
          .to.have.property('message')
          .that.matches(/option state of passport\.authenticate/);
        expect(Object.keys(bench.pending)).to.deep.equal([pending]);
      });
    }

    it('rejects a login whose callback URL is too long to be stored', () => {
      const [error] = bench.start('x', metadata({ callbackURL: `https://app.example.com/${'x'.repeat(4096)}` }));
      expect(error)
        .to.have.property('message')
        .that.matches(/shorten the option callbackURL/);
      expect(bench.session).to.deep.equal({});
    });
  });

  describe('and to make room', () => {
    /** Makes a pending login `by` milliseconds old. */
    const age = (handle: string, by: number) => Object.assign(bench.pending[handle] ?? {}, { at: Date.now() - by });

    it('removes expired and damaged logins first', () => {
      bench = new Bench(new SessionStateStore({ limit: 2 }));
      const [expired, fresh] = [bench.handle(), bench.handle()];
      age(expired, 700_000);
      Object.assign(bench.pending, { ['x'.repeat(32)]: 'damaged' });
      const last = bench.handle();
      expect(Object.keys(bench.pending)).to.have.members([fresh, last]);
    });

    it('removes the login that started first, not the first in the list', () => {
      bench = new Bench(new SessionStateStore({ limit: 2 }));
      const [young, old] = [bench.handle(), bench.handle()];
      age(young, 0);
      age(old, 5_000);
      const last = bench.handle();
      expect(Object.keys(bench.pending)).to.have.members([young, last]);
    });

    it('removes the first in the list of logins of one millisecond', () => {
      bench = new Bench(new SessionStateStore({ limit: 3 }));
      const handles = [bench.handle(), bench.handle(), bench.handle()];
      const at = Date.now();
      for (const handle of handles) Object.assign(bench.pending[handle] ?? {}, { at });
      const last = bench.handle();
      expect(Object.keys(bench.pending)).to.have.members([...handles.slice(1), last]);
    });

    it('removes logins that another site started first, so that it cannot end one of this site', () => {
      const foreign = metadata({ crossSite: true });
      const own = bench.handle();
      age(own, 500_000);
      const handles = Array.from({ length: 50 }, () => bench.handle('x'.repeat(2000), foreign));
      expect(bench.pending).to.have.property(own);
      expect(bench.finish(handles.at(-1))[1]).to.equal(true);
      expect(bench.finish(own)[1]).to.equal(true);
    });

    it('rejects a login that another site starts if this site started all others', () => {
      const handles = Array.from({ length: 10 }, () => bench.handle());
      const [error] = bench.start(undefined, metadata({ crossSite: true }));
      expect(error).to.include({ code: 'too_many_logins', status: 429 });
      expect(Object.keys(bench.pending)).to.deep.equal(handles);
    });

    it('keeps what the app stores under the same key', () => {
      bench.session['criteo'] = { accessToken: 'a', prefs: { x: 1 } };
      for (let login = 0; login < 30; login += 1) bench.handle();
      const last = bench.handle();
      bench.finish(last);
      expect(bench.session['criteo']).to.deep.include({ accessToken: 'a', prefs: { x: 1 } });
      expect(Object.keys(bench.pending)).to.have.length(11);
    });
  });
});
