/** The addon for this platform. */

/** The name of the platform as packages of addons have it, such as `linux-x64-gnu`. */
export function platformName(): string {
  const { platform, arch } = process;
  const libc = platform === 'linux' ? (isGlibc() ? '-gnu' : '-musl') : '';
  return `${platform}-${arch}${libc}`;
}

/** The name of the addon's file, such as `flagstaff.linux-x64-gnu.node`. */
export function addonFile(): string {
  return `flagstaff.${platformName()}.node`;
}

let isGlibcHere: boolean | undefined;

/** Node's report has the version of glibc, and none with musl. It takes some milliseconds, so the result is stored. */
function isGlibc(): boolean {
  if (isGlibcHere === undefined) {
    const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
    isGlibcHere = report.header?.glibcVersionRuntime !== undefined;
  }
  return isGlibcHere;
}
