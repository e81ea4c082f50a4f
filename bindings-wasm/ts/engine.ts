/** Opens the WebAssembly evaluator. */

import { type Evaluator, fromWasm } from '../../sdk-js/src/index.js';
import initialise, { initSync, Evaluator as WasmEvaluator } from '../pkg/web/flagstaff_wasm.js';

/** The module: its bytes, a compiled module (the only form that edge workers take), or where it is to be fetched. */
export type WasmSource = BufferSource | WebAssembly.Module | URL | string;

/** One module serves every client of a page. */
let loading: Promise<WebAssembly.Memory> | undefined;

/** Opens an evaluator of the empty snapshot. The module is loaded at the first call, from `source`; after a failure the next call tries again. */
export async function openEngine(source: WasmSource): Promise<Evaluator> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  const memory = await loading;
  return fromWasm(new WasmEvaluator(), memory);
}

async function load(source: WasmSource): Promise<WebAssembly.Memory> {
  if (source instanceof WebAssembly.Module) {
    return initSync({ module: source }).memory;
  }
  const isPlace = typeof source === 'string' || source instanceof URL;
  const { memory } = await initialise({ module_or_path: isPlace ? await locate(new URL(source)) : source });
  return memory;
}

/** Node's `fetch` refuses files, so that there the bytes are read; the import is out of a bundler's sight. */
async function locate(url: URL): Promise<URL | BufferSource> {
  if (url.protocol !== 'file:') {
    return url;
  }
  const files = 'node:fs/promises';
  const { readFile } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ files)) as {
    readFile(file: URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return readFile(url);
}
