import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { documentSchema, flagSchema } from '../src/editor/document-schema';
import { namesAt, valuesAt, violations } from '../src/editor/schema';
import { type Language, locator, placeAt, read, write } from '../src/editor/source';

/** The text that a pointer names */
function part(text: string, pointer: string): string {
  const { from, to } = locator(text)(pointer);
  return text.slice(from, to);
}

/** The place of the `|` in a text */
function at(marked: string) {
  const offset = marked.indexOf('|');
  return placeAt(marked.slice(0, offset) + marked.slice(offset + 1), offset);
}

describe('a text', () => {
  test('has the value that JSON and YAML give it, and is read as it is written', () => {
    const value = { on: true, no: 'no', lists: [[1], { a: null }], text: 'two\nlines', 1: '1' };
    for (const language of ['json', 'yaml'] satisfies Language[]) {
      assert.deepEqual(read(write(value, language), language).value, value);
    }
  });

  test('has its errors at their places', () => {
    const json = read('{\n  "a": 1,\n  "b" 2\n}', 'json');
    assert.equal(json.value, undefined);
    assert.equal(json.text.slice(json.errors[0]?.from).startsWith('2'), true);
    const unfinished = read('{"a": ', 'json');
    assert.equal(unfinished.errors[0]?.from, 6);
    const yaml = read('a: 1\nb: [1, 2\nc: 3\n', 'yaml');
    assert.equal(yaml.value, undefined);
    assert.ok((yaml.errors[0]?.from ?? 0) > 5);
    assert.equal(read('a: 1\na: 2', 'yaml').errors.length, 1, 'a name that comes twice');
    assert.equal(read('a: .inf', 'yaml').errors.length, 1, 'a number that JSON does not have');
  });

  test('of aliases that grow without end is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    }
    const source = read(lines.join('\n'), 'yaml');
    assert.equal(source.value, undefined);
    assert.equal(source.errors.length, 1);
  });
});

describe('a pointer', () => {
  test('names a value, or the name of what is an object', () => {
    const json = '{"rules": [{"id": "a", "serve": "on"}, {"serve": {"variant": "x"}}], "a/b": {"~": 1}}';
    assert.equal(part(json, '/rules/0/serve'), '"on"');
    assert.equal(part(json, '/rules/1/serve'), '"serve"');
    assert.equal(part(json, '/rules/1/serve/variant'), '"x"');
    assert.equal(part(json, '/a~1b/~0'), '1');
    const yaml = 'rules:\n  - id: a\n    serve: on\n  - serve: {variant: x}\n';
    assert.equal(part(yaml, '/rules/0/serve'), 'on');
    assert.equal(part(yaml, '/rules/1/serve'), 'serve');
  });

  test('to what the text does not have names the last part that it has', () => {
    assert.equal(part('{"rules": [{"id": "a"}]}', '/rules/0/when/attribute'), '"id"');
    assert.equal(part('{"type": "boolean"}', '/enabled'), '{"type": "boolean"}');
    assert.equal(part('', '/a'), '');
  });
});

describe('a place', () => {
  test('is a name or a value, also where the text is not finished', () => {
    assert.deepEqual(at('{"a": {"b": 1, "c|"}}')?.path, ['a']);
    const name = at('{"type": "boolean", "en|"}');
    assert.deepEqual([name?.role, name?.taken, name?.isNamed], ['name', ['type'], false]);
    assert.deepEqual([at('{"en|": true}')?.isNamed], [true]);
    const value = at('{"type": "bo|"}');
    assert.deepEqual([value?.role, value?.path], ['value', ['type']]);
    assert.deepEqual(at('{"type": |}')?.path, ['type']);
    assert.deepEqual(at('{"rules": [{"serve": "on"}, {"|"}]}')?.path, ['rules', 1]);
    const yaml = at('type: boolean\nrules:\n  - id: a\n    se|\n');
    assert.deepEqual([yaml?.role, yaml?.path, yaml?.taken], ['name', ['rules', 0], ['id']]);
    assert.deepEqual(at('type: bool|')?.path, ['type']);
  });
});

describe('the schema of documents', () => {
  const flag = { type: 'boolean', enabled: true };

  test('takes what the language takes', () => {
    const rules = [
      { id: 'a', when: { attribute: 'country', op: 'in', values: ['se'] }, serve: { variant: 'on', rollout: 25 } },
      { when: { dialect: 'flagd', expression: { '==': [{ var: 'a' }, 1] } }, serve: null },
    ];
    assert.deepEqual(violations(flagSchema, { ...flag, serve: 'on', rules, name: 'A flag', jsonSchema: null }), []);
    assert.deepEqual(violations(documentSchema, { schemaVersion: 1, flags: { a: { ...flag, serve: 'on' } } }), []);
  });

  test('says what is wrong at the deepest place that has it', () => {
    const pointers = (value: Parameters<typeof violations>[1]) =>
      violations(flagSchema, value).map((each) => each.pointer);
    assert.deepEqual(pointers({ ...flag, type: 'bool' }), ['/type']);
    assert.deepEqual(pointers({ ...flag, enabled: 'yes' }), ['/enabled']);
    assert.deepEqual(pointers({ ...flag, rules: [{ serve: 'on', from: true }] }), ['/rules/0/from']);
    assert.deepEqual(pointers({ ...flag, prerequisites: [{ flag: 'a' }] }), ['/prerequisites/0']);
    assert.match(violations(flagSchema, { enabled: true })[0]?.message ?? '', /type/);
  });

  test('offers names and values at a place, with what they mean', () => {
    const names = namesAt(flagSchema, []).map(({ label }) => label);
    assert.ok(names.includes('enabled') && names.includes('jsonSchema'), names.join());
    assert.match(namesAt(flagSchema, []).find(({ label }) => label === 'expiresAt')?.info ?? '', /instant/);
    assert.deepEqual(
      valuesAt(flagSchema, ['type']).map(({ label }) => label),
      ['"boolean"', '"string"', '"number"', '"object"'],
    );
    assert.deepEqual(
      valuesAt(flagSchema, ['enabled']).map(({ label }) => label),
      ['true', 'false'],
    );
    const inRule = namesAt(documentSchema, ['flags', 'a', 'rules', 0]).map(({ label }) => label);
    assert.ok(inRule.includes('when') && inRule.includes('serve'), inRule.join());
    const inTest = namesAt(flagSchema, ['rules', 0, 'when', 'all', 3]).map(({ label }) => label);
    assert.ok(inTest.includes('attribute') && inTest.includes('segment'), inTest.join());
    assert.ok(valuesAt(flagSchema, ['rules', 0, 'when', 'op']).some(({ label }) => label === '"semverLess"'));
  });
});
