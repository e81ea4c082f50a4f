/** A `fetch` that a test answers by hand, as OFREP's routes of the server would. */

/** A request that waits for its response. */
class Call {
  #resolve;
  #reject;

  constructor(url, { headers, body, signal }) {
    this.url = url;
    this.headers = headers;
    this.context = body === undefined ? undefined : JSON.parse(body).context;
    this.signal = signal;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  /** Responds with values: a flag's key and its value. */
  values(values, etag = 'W/"1"') {
    const flags = Object.entries(values).map(([key, value]) => ({
      key,
      value,
      variant: 'v',
      reason: 'STATIC',
      metadata: {},
    }));
    return this.respond(200, { flags }, { etag });
  }

  respond(status, body, headers = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.#resolve(new Response(status === 304 ? null : text, { status, headers }));
    return settled();
  }

  fail(message) {
    this.#reject(new TypeError(message));
    return settled();
  }
}

/** The requests so far, in order; those for announcements are apart. */
export class Wire {
  calls = [];
  streams = [];

  fetch = (url, request) => {
    const call = new Call(url, request);
    (url.includes('/events') ? this.streams : this.calls).push(call);
    return call.response;
  };

  get last() {
    return this.calls.at(-1);
  }
}

/** Resolves when all that a response causes at once has happened. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) {
    await Promise.resolve();
  }
}

/** What the client logs. */
export class Log {
  lines = [];
  warn = (message) => this.lines.push(message);
}

/** `localStorage` of a browser. */
export class Storage {
  constructor(entries = {}) {
    Object.assign(this, entries);
  }

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = String(value);
  }

  removeItem(key) {
    delete this[key];
  }
}
