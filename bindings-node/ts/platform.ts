/** The addon for this platform. */

import { closeSync, openSync, readSync } from 'node:fs';

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

function isGlibc(): boolean {
  isGlibcHere ??= !(isLoadedByMusl() ?? isReportedAsMusl());
  return isGlibcHere;
}

/** Whether the program's header names the dynamic loader of musl; `undefined` if it cannot be read. The report takes a hundred times as long, in each thread. */
function isLoadedByMusl(): boolean | undefined {
  let file: number | undefined;
  try {
    file = openSync('/proc/self/exe', 'r');
    const header = Buffer.alloc(4_096);
    readSync(file, header, 0, header.length, 0);
    const loader = /\/ld-(musl|linux)-/.exec(header.toString('latin1'))?.[1];
    return loader === undefined ? undefined : loader === 'musl';
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) {
      closeSync(file);
    }
  }
}

/** Node's report has the version of glibc, and none with musl. */
function isReportedAsMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}
