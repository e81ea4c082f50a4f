/** Which addon fits this machine. */

/** The name of the addon's file, such as `flagstaff.linux-x64-gnu.node`. */
export function addonFile(): string {
  const { platform, arch } = process;
  const libc = platform === 'linux' ? (isGlibc() ? '-gnu' : '-musl') : '';
  return `flagstaff.${platform}-${arch}${libc}.node`;
}

let isGlibcHere: boolean | undefined;

/** Node's report names the version of glibc, and nothing under musl. It takes some milliseconds, and is asked for once. */
function isGlibc(): boolean {
  if (isGlibcHere === undefined) {
    const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
    isGlibcHere = report.header?.glibcVersionRuntime !== undefined;
  }
  return isGlibcHere;
}
