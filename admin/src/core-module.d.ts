/** The address of the core as WebAssembly: vite.config.ts */
declare module 'virtual:core-module' {
  const address: string;
  export default address;
}
