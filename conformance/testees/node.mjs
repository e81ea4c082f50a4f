// The Node testee, over the package on either of its engines: requests on standard input, answers on standard output, one JSON
// text a line.
//
//   node node.mjs native|wasm

import { createInterface } from 'node:readline';
import { createEvaluator } from '@flagstaff/node/evaluator';
import { convert, VendorWords } from './vendors.mjs';

const evaluator = createEvaluator(process.argv[2]);
let words = new VendorWords();

function answer(request) {
  switch (request.op) {
    case 'load':
      return canonical(load(request));
    case 'evaluate': {
      const text = evaluator.evaluate(...question(words.translate(request)));
      const outcome = words.apply(request, text);
      return outcome === undefined ? text : canonical(outcome);
    }
    case 'explain':
      return evaluator.explain(...question(request));
    case 'evaluateAll':
      return evaluator.evaluateAll(context(request), Date.parse(request.now));
    case 'bucket':
      return canonical({ slot: evaluator.bucket(request.salt, request.unit, request.total) });
    default:
      return unsupported();
  }
}

/** Replaces the snapshot; a document that is refused leaves it. */
function load(request) {
  try {
    const imported = 'vendor' in request ? convert(request) : undefined;
    const document = imported ? JSON.stringify(imported.document) : textOrJson(request, 'document');
    const issues = evaluator.load(document);
    words = new VendorWords(imported);
    return { issues, ok: true };
  } catch (error) {
    return { issues: [{ message: error.message, pointer: '' }], ok: false };
  }
}

/** Flag, type, default, context and instant. */
function question(request) {
  return [request.flag, request.type ?? null, request.default ?? null, context(request), Date.parse(request.now)];
}

/** Text is read by the core; anything else goes through the encoder of the client. */
function context(request) {
  if ('contextText' in request) {
    return request.contextText;
  }
  const value = 'context' in request ? request.context : {};
  // The evaluator takes a string for JSON text; here it is a context that is no object.
  return typeof value === 'string' ? JSON.stringify(value) : value;
}

function textOrJson(request, name) {
  return `${name}Text` in request ? request[`${name}Text`] : JSON.stringify(request[name]);
}

function unsupported() {
  return canonical({ error: 'unsupported' });
}

/** Canonical JSON of what a testee says by itself. */
function canonical(value) {
  const sorted = (_, member) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member;
  return JSON.stringify(value, sorted);
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  let text;
  try {
    text = answer(JSON.parse(line));
  } catch (error) {
    text = canonical({ error: error.message });
  }
  process.stdout.write(`${text}\n`);
}
