/** Resolves as soon as `condition` holds, looking again whenever the client has something to say. */
export function until(client, condition) {
  return new Promise((resolve) => {
    // A client does not keep a process running, and a promise neither.
    const hold = setInterval(() => {}, 2 ** 30);
    const stops = ['change', 'status'].map((name) => client.on(name, look));
    function look() {
      if (condition()) {
        clearInterval(hold);
        for (const stop of stops) {
          stop();
        }
        resolve();
      }
    }
    look();
  });
}
