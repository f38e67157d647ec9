/** Values as JSON and back: the vectors that every language reads. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const { fromJson, toJson } = createRequire(import.meta.url)('../dist/values.js');
const vectors = JSON.parse(await readFile(new URL('../../tests/vectors/values.json', import.meta.url), 'utf8'));

/** What JSON means, whole numbers apart: text as `JSON.parse` has it. */
function plain(value) {
  return JSON.parse(JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? Number(inner) : inner)));
}

test('every text that the engine stores is read, and written so that it is read alike', () => {
  for (const { name, text } of vectors.accept) {
    // −0 is 0 in what is stored.
    const value = Object.is(fromJson(text), -0) ? 0 : fromJson(text);
    assert.deepEqual(plain(value), plain(JSON.parse(text)), name);
    assert.deepEqual(fromJson(toJson(value)), value, name);
  }
});

test('whole numbers beyond 2⁵³ are bigint, digit by digit, and others are numbers', () => {
  const cases = {
    9007199254740991: 9007199254740991,
    9007199254740992: 9007199254740992n,
    '9007199254740993': 9007199254740993n,
    '-9223372036854775808': -9223372036854775808n,
    '18446744073709551615': 18446744073709551615n,
    '1e300': 1e300,
    '1.00000000000000000000': 1,
    '1234567890.12345678901234567890': 1234567890.1234567,
  };
  for (const [text, value] of Object.entries(cases)) {
    assert.equal(fromJson(text), value, text);
    assert.deepEqual(fromJson(`{"a":[${text}],"${text}":"${text}"}`), { a: [value], [text]: text }, text);
  }
});

test('digits and quotes in texts are left alone', () => {
  const value = { 'a"1234567890123456789\\': ['\\"9223372036854775808', '9223372036854775808', 9223372036854775808n] };
  assert.deepEqual(fromJson(toJson(value)), value);
});

test('a long text with one large number is read', () => {
  const value = { text: 'a\\"b'.repeat(300_000), large: 2n ** 60n };
  assert.deepEqual(fromJson(toJson(value)), value);
});

test('numbers are written so that no language reads others', () => {
  assert.equal(
    toJson([1, -0, 0.1, 1e21, 2 ** 53, -(2 ** 60), 2 ** 64, 1e-7, 5e-324]),
    '[1,0,0.1,1e+21,9007199254740992,-1152921504606846976,1.8446744073709552e+19,1e-7,5e-324]',
  );
});

test('what names itself __proto__ is a member like others', () => {
  const value = fromJson('{"__proto__":{"a":9223372036854775808}}');
  assert.deepEqual(Object.keys(value), ['__proto__']);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(toJson(value), '{"__proto__":{"a":9223372036854775808}}');
});

test('objects say themselves what they are in JSON, once', () => {
  class Itself {
    a = 1;
    toJSON() {
      return this;
    }
  }
  assert.equal(
    toJson([new Date(0), Object(1), Object('x'), new Itself(), Object.create({ inherited: 1 })]),
    '["1970-01-01T00:00:00.000Z",1,"x",{"a":1},{}]',
  );
  assert.equal(toJson({ [Symbol('s')]: 1, a: undefined }), '{}');
  assert.equal(toJson({ toJSON: (key) => key }), '""');
  assert.equal(toJson({ k: { toJSON: (key) => key } }), '{"k":"k"}');
});

test('the same object twice, side by side, is no cycle', () => {
  const shared = { a: 1 };
  assert.equal(toJson([shared, { shared }]), '[{"a":1},{"shared":{"a":1}}]');
});
