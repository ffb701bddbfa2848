import { expect } from 'chai';
import { html } from '../../example/html';

describe('html', () => {
  it('escapes text in content and in attributes', () => {
    const name = `<img src=x onerror="alert('1')"> & co`;
    expect(html`<p title="${name}">${name}</p>`.text).to.equal(
      '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; co">' +
        '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; co</p>',
    );
  });

  it('does not escape its own markup, in lists too', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>`.text).to.equal('<ul><li>a</li><li>&lt;b&gt;</li></ul>');
  });

  it('leaves out undefined and false', () => {
    expect(html`${undefined}${false}${''}${0}`.text).to.equal('0');
  });
});
