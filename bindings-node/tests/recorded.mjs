/** The conversation of tests/vectors/http.json, which every form of the interface answers alike. */

import { readFileSync } from 'node:fs';

const FILE = new URL('../../tests/vectors/http.json', import.meta.url);

/** What a JSON Pointer leads to. */
function at(value, pointer) {
  return pointer
    .split('/')
    .slice(1)
    .reduce((value, name) => value[name], value);
}

/** The exchanges in order: what to ask, how an answer stands in the file, and what stands there. */
export function conversation() {
  const { replace, exchanges } = JSON.parse(readFileSync(FILE, 'utf8'));
  const patterns = replace.map(([pattern, by]) => [new RegExp(pattern, 'g'), by]);
  const kept = new Map();
  const filled = (text) => {
    for (const [name, value] of kept) text = text?.replaceAll(`{${name}}`, value);
    return text;
  };
  return exchanges.map(({ request, keep = {}, answer: expected }) => ({
    request: () => ({ ...request, target: filled(request.target), body: filled(request.body) }),
    take(status, contentType, body) {
      for (const [name, place] of Object.entries(keep)) kept.set(name, at(JSON.parse(body), place));
      for (const [pattern, by] of patterns) body = body.replace(pattern, by);
      return { status, content_type: contentType, body };
    },
    expected,
  }));
}
