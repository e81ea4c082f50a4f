/** Opens the WebAssembly evaluator. */

import { instantiate, type PageEvaluator } from './instance.js';

/** The module: its bytes, a compiled module (the only form that edge workers accept), or its URL. */
export type WasmSource = BufferSource | WebAssembly.Module | URL | string;

/** All clients of a page share one compiled module. */
let compiling: Promise<WebAssembly.Module> | undefined;

/**
 * Opens an evaluator of the empty snapshot; `trapped` is called when it cannot be used any more. The module is loaded at the first call, from `source`; after
 * a failure the next call tries again.
 *
 * @internal
 */
export async function openEngine(source: WasmSource, trapped: (error: unknown) => void): Promise<PageEvaluator> {
  compiling ??= compile(source).catch((error: unknown) => {
    compiling = undefined;
    throw error;
  });
  return instantiate(await compiling, trapped);
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) {
    return source;
  }
  if (typeof source !== 'string' && !(source instanceof URL)) {
    return WebAssembly.compile(source);
  }
  const url = absoluteUrl(source);
  if (url.protocol === 'file:') {
    return WebAssembly.compile(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url}: HTTP ${response.status}`);
  }
  // Compiled while it arrives, unless the site sends it under another type.
  const isTyped = response.headers.get('content-type')?.startsWith('application/wasm');
  return isTyped ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

/** A path is one of the page's site. So is what Next.js makes of the file's address: an object like a URL, of a path alone. */
function absoluteUrl(source: URL | string): URL {
  const page = globalThis.document?.baseURI ?? globalThis.location?.href;
  return new URL(String(source), page);
}

/** Node's `fetch` does not support files, so they are read; bundlers must not see the import. */
async function readFile(url: URL): Promise<BufferSource> {
  const files = 'node:fs/promises';
  const node = (await import(/* @vite-ignore */ /* webpackIgnore: true */ files)) as {
    readFile(file: URL): Promise<Uint8Array<ArrayBuffer>>;
  };
  return node.readFile(url);
}
