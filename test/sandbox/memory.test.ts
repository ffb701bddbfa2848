import { expect } from 'chai';
import { BoundedMap } from '../../lib/sandbox/bounded-map';
import { Clock } from '../../lib/sandbox/clock';
import { RequestLog } from '../../lib/sandbox/log';

describe('sandbox: memory', () => {
  it('keeps the last requests only', () => {
    const log = new RequestLog(new Clock(() => 0));
    for (let number = 1; number <= 5_003; number++) log.sent(`http://127.0.0.1/${number}`, {}, '', 1);
    const paths = log.entries().map(({ path }) => path);
    expect(paths).to.have.length(5_000);
    expect(paths[0]).to.equal('http://127.0.0.1/4');
    expect(paths.at(-1)).to.equal('http://127.0.0.1/5003');
  });

  it('forgets the oldest codes, tokens and pages first', () => {
    const map = new BoundedMap<number>(2);
    for (const [value, key] of ['a', 'b', 'c'].entries()) map.set(key, value);
    expect(map.values()).to.deep.equal([1, 2]);
    expect([map.get('a'), map.take('b'), map.take('b'), map.get('c')]).to.deep.equal([undefined, 1, undefined, 2]);
    map.set('d', 3);
    expect(map.values()).to.deep.equal([2, 3]);
  });
});
