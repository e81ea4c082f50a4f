/**
 * One instance of the WebAssembly module, with an evaluator. The package's own binding in place of the one that `wasm-bindgen` writes, which knows one
 * instance for a page and is four times as long: a module that has trapped is in no defined state, so that each client has an instance of its own, and gets another one.
 */

import type { Evaluator } from '../../sdk-js/src/evaluator.js';

/** What a function of the module returns: a number, or the parts of a text, an optional number or a result. */
type Returned = number | readonly number[];
type ModuleFunction = (...args: readonly number[]) => Returned;

/** What the module exports beside the evaluator's methods, which are `evaluator_NAME` and take the evaluator's address first. */
interface Exports {
  memory: WebAssembly.Memory;
  __wbindgen_externrefs: WebAssembly.Table;
  __wbindgen_start(): void;
  __wbindgen_malloc(size: number, alignment: number): number;
  __wbindgen_free(address: number, size: number, alignment: number): void;
  __externref_table_dealloc(index: number): void;
  __wbg_evaluator_free(address: number, zero: number): void;
  evaluator_new(): number;
}

type ModuleExports = Exports & Record<string, ModuleFunction>;

/** Where the references of constants begin. */
const CONSTANTS = 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Makes an instance, and opens an evaluator of the empty snapshot in it. */
export async function instantiate(module: WebAssembly.Module): Promise<Evaluator> {
  let instance: Instance;
  const functions = {
    // The names end with a hash.
    __wbg_Error: (address: number, length: number) => Error(instance.read(address, length)),
    __wbg___wbindgen_throw: (address: number, length: number) => {
      throw Error(instance.read(address, length));
    },
    __wbindgen_init_externref_table: () => instance.initReferences(),
  };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const [, value] = Object.entries(functions).find(([start]) => name.startsWith(start)) ?? [];
    imports[from] = { ...imports[from], ...(value && { [name]: value }) };
  }
  instance = new Instance((await WebAssembly.instantiate(module, imports)).exports as unknown as ModuleExports);
  return instance.open();
}

class Instance {
  readonly #exports: ModuleExports;
  #bytes = new Uint8Array();
  /** Why the instance cannot be used any more. */
  #trap: unknown;
  #trapped: (error: unknown) => void = () => {};
  /** Frees evaluators that nobody has any more. */
  readonly #unused = new FinalizationRegistry<number>((address) => this.#exports.__wbg_evaluator_free(address, 1));

  constructor(exports: ModuleExports) {
    this.#exports = exports;
  }

  open(): Evaluator {
    this.#exports.__wbindgen_start();
    return this.#evaluator(this.#exports.evaluator_new());
  }

  /** The text at an address. */
  read(address: number, length: number): string {
    return decoder.decode(this.#memory().subarray(address, address + length));
  }

  /** The first references are those of constants; the module expects them where it has been compiled to look for them. */
  initReferences(): void {
    const table = this.#exports.__wbindgen_externrefs;
    table.set(0, undefined);
    [undefined, null, true, false].forEach((value, index) => {
      table.set(CONSTANTS + index, value);
    });
  }

  #memory(): Uint8Array {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }

  /** Calls a function of the module. Whatever it throws comes from a state that must not be used any more. */
  #invoke(address: number, name: string, args: readonly number[]): Returned {
    if (this.#trap !== undefined) {
      throw this.#trap;
    }
    try {
      return (this.#exports[`evaluator_${name}`] as ModuleFunction)(address, ...args);
    } catch (error) {
      this.#trap = error;
      this.#trapped(error);
      throw error;
    }
  }

  /** Writes a text for the module, which frees it: its address and length. Nothing is at 0. */
  #write(text: string | null | undefined): [number, number] {
    if (text === null || text === undefined) {
      return [0, 0];
    }
    const bytes = encoder.encode(text);
    const address = this.#exports.__wbindgen_malloc(bytes.length, 1);
    this.#memory().set(bytes, address);
    return [address, bytes.length];
  }

  /** Calls a function that returns a text, nothing, or an error. */
  #text(address: number, name: string, args: readonly (string | number | null | undefined)[]): string | undefined {
    const values = args.flatMap((arg) => (typeof arg === 'number' ? arg : this.#write(arg)));
    const [start = 0, length = 0, error = 0, isError] = this.#invoke(address, name, values) as readonly number[];
    if (isError) {
      const reason: unknown = this.#exports.__wbindgen_externrefs.get(error);
      this.#exports.__externref_table_dealloc(error);
      throw reason;
    }
    if (start === 0) {
      return undefined;
    }
    const text = this.read(start, length);
    this.#exports.__wbindgen_free(start, length, 1);
    return text;
  }

  #evaluator(address: number): Evaluator {
    const text =
      (name: string) =>
      (...args: (string | number | null | undefined)[]) =>
        this.#text(address, name, args) as string;
    const number =
      (name: string) =>
      (...args: number[]) =>
        this.#invoke(address, name, args) as number;
    const instance = this;
    const evaluator: Evaluator = {
      load: text('load'),
      beginConnection: number('beginConnection') as () => unknown as () => void,
      applyEvent: (name, data, id) => this.#text(address, 'applyEvent', [name, data, id]) as string,
      cursor: text('cursor'),
      evaluate: text('evaluate'),
      explain: text('explain'),
      evaluateAll: text('evaluateAll'),
      issues: text('issues'),
      changedBetween: text('changedBetween'),
      keys: text('keys'),
      clientSideKeys: text('clientSideKeys'),
      userKeyHint: text('userKeyHint'),
      describeFlag: text('describeFlag'),
      outcomeId: number('outcomeId'),
      releaseContext: number('releaseContext') as (id: number) => unknown as (id: number) => void,
      copy: () => this.#evaluator(this.#invoke(address, 'copy', []) as number),
      outcomeIds: (context) => this.#invoke(address, 'outcomeIds', [context]) !== 0,
      storeContext: (context) => (this.#invoke(address, 'storeContext', this.#write(context)) as number) >>> 0,
      bucket(salt, unit, total) {
        return (
          (instance.#invoke(address, 'bucket', [
            ...instance.#write(salt),
            ...instance.#write(unit),
            total,
          ]) as number) >>> 0
        );
      },
      nextBoundary: (now) => {
        const [isSome, instant] = this.#invoke(address, 'nextBoundary', [now]) as readonly number[];
        return isSome ? instant : undefined;
      },
      sharedMemory: (bytes) => {
        const start = (this.#invoke(address, 'reserve', [bytes]) as number) >>> 0;
        // `buffer` is read after the call, which may replace it.
        return new Uint8Array(this.#exports.memory.buffer, start, bytes);
      },
      set trapped(listener: (error: unknown) => void) {
        instance.#trapped = listener;
      },
    };
    this.#unused.register(evaluator, address);
    return evaluator;
  }
}
