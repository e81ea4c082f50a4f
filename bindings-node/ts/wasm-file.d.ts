/** A compiled module, as edge-light imports it. */
declare module '*.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}

/** esbuild replaces the import of the module by its bytes. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
