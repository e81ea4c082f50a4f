// Files of other vendors: `flagstaff-testee import` converts them, and says what the vendor calls each outcome.

import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What a file is converted to. Throws if it cannot be. */
export function convert({ vendor, options, document, documentText }) {
  const input = JSON.stringify({ options, document, documentText });
  const { stdout, stderr, status } = spawnSync(program(), ['import', vendor], { input, maxBuffer: 2 ** 30 });
  if (status !== 0) {
    throw new Error(`the Rust testee failed: ${stderr}`);
  }
  const imported = JSON.parse(stdout);
  if (imported.error !== undefined) {
    throw new Error(imported.error);
  }
  return imported;
}

/** The Rust testee: the one in the environment, else the newest build; without any, cargo builds it. */
function program() {
  if (process.env.FLAGSTAFF_TESTEE) {
    return process.env.FLAGSTAFF_TESTEE;
  }
  const folder = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target');
  const programs = ['debug', 'release'].map((profile) => `${folder}/${profile}/flagstaff-testee`);
  if (!programs.some(existsSync)) {
    const manifest = `${ROOT}conformance/Cargo.toml`;
    const command = ['build', '--quiet', '--features', 'bindings', '--bin', 'flagstaff-testee'];
    spawnSync('cargo', [...command, '--manifest-path', manifest], { stdio: ['ignore', 2, 2] });
  }
  const built = programs.filter(existsSync);
  if (built.length === 0) {
    throw new Error('the Rust testee cannot be built, which converts files of other vendors');
  }
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** The words of the vendor whose file was loaded last; none for a document of ours. */
export class VendorWords {
  #answers;
  #keys;

  constructor({ answers = {}, keys = {} } = {}) {
    this.#answers = answers;
    this.#keys = keys;
  }

  #key(flag) {
    return Object.hasOwn(this.#keys, flag) ? this.#keys[flag] : flag;
  }

  /** The request in our words: the flag by our key, and of any type where ours has another than the vendor's. */
  translate(request) {
    const flag = this.#key(request.flag);
    const answers = Object.hasOwn(this.#answers, flag) ? this.#answers[flag] : undefined;
    return { ...request, flag, ...(answers?.untyped ? { type: null } : {}) };
  }

  /** The outcome in the vendor's words, as conformance/src/imports.rs has it; `undefined` if they are ours. */
  apply({ flag, type = null, default: defaultValue = null }, text) {
    const key = this.#key(flag);
    if (!Object.hasOwn(this.#answers, key)) {
      return undefined;
    }
    const { cases, untyped, type: only } = this.#answers[key];
    const before = JSON.parse(text);
    const outcome = { ...before };
    for (const { if: wanted, then, default: isDefault } of cases) {
      if (contains(before, wanted)) {
        Object.assign(outcome, then, { detail: { ...outcome.detail, ...then.detail } });
        outcome.value = isDefault ? defaultValue : outcome.value;
      }
    }
    const isAsked = type === null || (only ?? type) === type;
    const isValue = type === null || !untyped || isEqual(outcome.value, defaultValue) || isOf(type, outcome.value);
    if (!isAsked || !isValue) {
      const mismatch = { reason: 'ERROR', errorCode: 'TYPE_MISMATCH', enabled: false, variant: null };
      Object.assign(outcome, { value: defaultValue }, mismatch);
    }
    return outcome;
  }
}

function isEqual(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether two values are equal; of an object only what is listed. */
function contains(found, wanted) {
  if (isObject(found) && isObject(wanted)) {
    return Object.entries(wanted).every(([name, value]) => contains(found[name] ?? null, value));
  }
  return isEqual(found, wanted);
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is of a type. */
function isOf(type, value) {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'object':
      return typeof value === 'object' && value !== null;
    default:
      // The other types of a request have JavaScript's names.
      return typeof value === type;
  }
}
