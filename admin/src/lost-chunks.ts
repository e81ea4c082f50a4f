const RELOADED = 'flagstaff.reloaded';

/**
 * A new version of the server has other files than the page that is open: then the page loads itself again, once. Drafts are in the
 * session storage, so nothing that was typed is lost.
 */
export function reloadOnceForLostChunks(): void {
  addEventListener('vite:preloadError', (event) => {
    if (sessionStorage.getItem(RELOADED) === null) {
      sessionStorage.setItem(RELOADED, '1');
      event.preventDefault();
      location.reload();
    }
  });
  // A page that stays up for a while has all that it needs.
  setTimeout(() => sessionStorage.removeItem(RELOADED), 10_000);
}
