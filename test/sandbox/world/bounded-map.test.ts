import { expect } from 'chai';
import { BoundedMap } from '../../../lib/sandbox/world/bounded-map';

describe('sandbox: bounded map', () => {
  it('forgets the oldest entries first', () => {
    const map = new BoundedMap<number>(2);
    for (const [value, key] of ['a', 'b', 'c'].entries()) map.set(key, value);
    expect([...map.values()]).to.deep.equal([1, 2]);
    expect([map.get('a'), map.take('b'), map.take('b'), map.get('c')]).to.deep.equal([undefined, 1, undefined, 2]);
    map.set('d', 3);
    expect([...map.values()]).to.deep.equal([2, 3]);
  });

  it('tells what it forgets', () => {
    const forgotten: number[] = [];
    const map = new BoundedMap<number>(2, (value) => forgotten.push(value));
    for (const value of [1, 2, 3]) map.set(String(value), value);
    map.take('2');
    map.drop(() => true);
    expect(forgotten).to.deep.equal([1, 3]);
  });

  it('drops what is meant', () => {
    const map = new BoundedMap<number>(5);
    for (const value of [1, 2, 3, 4]) map.set(String(value), value);
    map.drop((value) => value % 2 === 0);
    expect([...map.values()]).to.deep.equal([1, 3]);
  });
});
