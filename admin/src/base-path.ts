// Where the server is reached: a proxy may serve it below a path of a host that has other servers too.

/** The path, as `/flags`, which the server writes into the page; empty where the server has a host of its own */
export const BASE_PATH = document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? '';

/** Whether the page itself was opened below it: past the proxy it is not, and the server answers there too. */
export const isPageBelow = `${location.pathname}/`.startsWith(`${BASE_PATH}/`);

/** A name in what all pages of the host share: its storages, channels and locks */
export function ownName(name: string): string {
  return `flagstaff${BASE_PATH}.${name}`;
}
