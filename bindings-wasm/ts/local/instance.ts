/**
 * One instance of the WebAssembly module, with an evaluator. The package's own binding in place of the one that `wasm-bindgen` writes, which knows one
 * instance for a page and is several times as long: a module that has trapped is in no defined state, so that each client has an instance of its own, and
 * gets another one.
 */

import type { Evaluator } from '../../../sdk-js/src/evaluator.js';

/** The methods of an evaluator that a page uses: it evaluates all flags at once. */
export type PageEvaluator = Pick<
  Evaluator,
  | 'load'
  | 'beginConnection'
  | 'applyEvent'
  | 'cursor'
  | 'explain'
  | 'evaluateAll'
  | 'issues'
  | 'nextBoundary'
  | 'userKeyHint'
>;

/** What a function of the module returns: nothing, or the parts of a text, an optional number or a result. */
type ModuleFunction = (...args: readonly number[]) => readonly number[];

/** The exports of the module, besides the methods `evaluator_NAME`, whose first argument is the evaluator's address. */
interface Exports {
  memory: WebAssembly.Memory;
  __wbindgen_externrefs: WebAssembly.Table;
  __wbindgen_start(): void;
  __wbindgen_malloc(size: number, alignment: number): number;
  __wbindgen_free(address: number, size: number, alignment: number): void;
  __externref_table_dealloc(index: number): void;
  evaluator_new(): number;
}

type Argument = string | number | null | undefined;

/** Where the references of constants begin. */
const CONSTANTS = 1024;

/** Creates an instance, and opens an evaluator of the empty snapshot in it. `trapped` is called when it cannot be used any more. */
export async function instantiate(
  module: WebAssembly.Module,
  trapped: (error: unknown) => void,
): Promise<PageEvaluator> {
  let exports: Exports;
  /** Why the instance cannot be used any more. */
  let trap: unknown;
  // A view is detached, of length 0, when the memory grows.
  const bytes = (start: number, length: number) => new Uint8Array(exports.memory.buffer, start, length);
  const read = (start: number, length: number) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(start, length));
  const fail = (start: number, length: number) => Error(read(start, length));
  const functions: Record<string, WebAssembly.ImportValue> = {
    // The names end with a hash.
    __wbg_Error: fail,
    __wbg___wbindgen_throw(start: number, length: number) {
      throw fail(start, length);
    },
    // The first references are those of constants; the module expects them where it has been compiled to look for them.
    __wbindgen_init_externref_table() {
      exports.__wbindgen_externrefs.set(0, undefined);
      [undefined, null, true, false].forEach((value, index) => {
        exports.__wbindgen_externrefs.set(CONSTANTS + index, value);
      });
    },
  };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const known = Object.keys(functions).find((start) => name.startsWith(start));
    imports[from] = { ...imports[from], ...(known && { [name]: functions[known] as WebAssembly.ImportValue }) };
  }
  exports = (await WebAssembly.instantiate(module, imports)).exports as unknown as Exports;
  exports.__wbindgen_start();
  const address = exports.evaluator_new();

  /** Writes a text for the module, which frees it: its address and length. Nothing is at 0. */
  const write = (text: string | null | undefined): [number, number] => {
    if (text == null) {
      return [0, 0];
    }
    const encoded = new TextEncoder().encode(text);
    const start = exports.__wbindgen_malloc(encoded.length, 1);
    bytes(start, encoded.length).set(encoded);
    return [start, encoded.length];
  };
  /** Calls a method. Whatever it throws comes from a state that must not be used any more. */
  const call = (name: string, args: readonly Argument[]): readonly number[] => {
    if (trap) {
      throw trap;
    }
    try {
      const values = args.flatMap((arg) => (typeof arg === 'number' ? arg : write(arg)));
      return (exports as unknown as Record<string, ModuleFunction>)[`evaluator_${name}`]?.(address, ...values) ?? [];
    } catch (error) {
      trap = error;
      trapped(error);
      throw error;
    }
  };
  /** A method that returns a text, nothing, or an error. */
  const text =
    (name: string) =>
    (...args: Argument[]) => {
      const [start = 0, length = 0, error = 0, isError] = call(name, args);
      if (isError) {
        const reason: unknown = exports.__wbindgen_externrefs.get(error);
        exports.__externref_table_dealloc(error);
        throw reason;
      }
      if (start === 0) {
        return undefined;
      }
      const result = read(start, length);
      exports.__wbindgen_free(start, length, 1);
      return result;
    };
  return {
    load: text('load') as Evaluator['load'],
    beginConnection: () => void call('beginConnection', []),
    applyEvent: (name, data, id) => text('applyEvent')(name, data, id) as string,
    cursor: text('cursor'),
    explain: text('explain') as Evaluator['explain'],
    evaluateAll: text('evaluateAll') as Evaluator['evaluateAll'],
    issues: text('issues') as Evaluator['issues'],
    userKeyHint: text('userKeyHint'),
    nextBoundary(now) {
      const [isSome, instant] = call('nextBoundary', [now]);
      return isSome ? instant : undefined;
    },
  };
}
