// The example page: every flag that a `client` key sees, evaluated by the server for the targeting key in the field.
//
// It needs no SDK and no build: one OFREP request answers all flags, and the event stream that the response names says when to ask
// again. An application would rather use an OpenFeature provider, or an SDK of Flagstaff.

const TARGETING_KEY = 'flagstaff.example.targetingKey';
const RETRY_MS = 2_000;

const rows = document.getElementById('flags');
const status = document.getElementById('status');
const empty = document.getElementById('empty');
const targetingKey = document.getElementById('targeting-key');
const keyForm = document.getElementById('key-form');
const keyInput = document.getElementById('key');

function showStatus(word) {
  document.body.dataset.status = word;
  status.textContent = word.replace('_', ' ').toLowerCase();
}

function showFlags(flags) {
  const known = new Map(Array.from(rows.rows, (row) => [row.dataset.flag, row]));
  for (const [index, flag] of flags.entries()) {
    const row = known.get(flag.key) ?? createRow(flag.key);
    known.delete(flag.key);
    if (rows.rows[index] !== row) {
      rows.insertBefore(row, rows.rows[index] ?? null);
    }
    fillRow(row, flag);
  }
  for (const row of known.values()) {
    row.remove();
  }
  empty.hidden = flags.length > 0;
}

function createRow(flag) {
  const row = document.createElement('tr');
  row.dataset.flag = flag;
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = flag;
  row.append(name);
  for (let column = 0; column < 3; column += 1) {
    row.insertCell();
  }
  return row;
}

function fillRow(row, { value, variant, reason, errorCode }) {
  const before = row.dataset.value;
  const text = value === undefined ? '' : JSON.stringify(value);
  row.cells[1].textContent = text;
  row.cells[2].textContent = variant ?? '–';
  row.cells[3].textContent = (errorCode ?? reason).replaceAll('_', ' ').toLowerCase();
  row.dataset.value = text;
  row.classList.toggle('on', value === true);
  if (before !== undefined && before !== text) {
    highlight(row);
  }
}

/** Plays the animation from its beginning, also where it is still running. */
function highlight(row) {
  for (const animation of row.getAnimations()) {
    animation.cancel();
  }
  row.animate([{ backgroundColor: 'var(--highlight)' }, { backgroundColor: 'transparent' }], {
    duration: 2000,
    easing: 'ease-out',
  });
}

/** Evaluates all flags, again whenever the server says so or the targeting key changes. */
class FlagTable {
  #key;
  #stream;
  #retry;
  /** Counts the requests, so that a late response does not replace a newer one. */
  #requests = 0;

  constructor(key) {
    this.#key = key;
  }

  async refresh() {
    clearTimeout(this.#retry);
    this.#requests += 1;
    const request = this.#requests;
    try {
      const { flags, eventStreams } = await this.#evaluate();
      if (request !== this.#requests) {
        return;
      }
      showFlags(flags);
      this.#follow(eventStreams[0].endpoint.requestUri);
      if (this.#stream.readyState === EventSource.OPEN) {
        showStatus('READY');
      }
    } catch (error) {
      if (request === this.#requests) {
        console.warn(error);
        this.#fail();
      }
    }
  }

  async #evaluate() {
    const response = await fetch('../ofrep/v1/evaluate/flags', {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ context: { targetingKey: targetingKey.value } }),
    });
    const body = await response.json();
    if (!response.ok) {
      throw new Error(body.errorDetails ?? body.detail ?? `status ${response.status}`);
    }
    return body;
  }

  /** Opens the stream unless it is open; the browser reconnects by itself unless the server refuses, as when the token has expired. */
  #follow(uri) {
    if (this.#stream !== undefined && this.#stream.readyState !== EventSource.CLOSED) {
      return;
    }
    this.#stream = new EventSource(new URL(uri, location.href));
    // What changed before it was open was not announced to it.
    this.#stream.onopen = () => this.refresh();
    this.#stream.onmessage = () => this.refresh();
    this.#stream.onerror = () => {
      showStatus('STALE');
      if (this.#stream.readyState === EventSource.CLOSED) {
        this.#fail();
      }
    };
  }

  #fail() {
    showStatus(rows.rows.length === 0 ? 'ERROR' : 'STALE');
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.refresh(), RETRY_MS);
  }
}

targetingKey.value = localStorage.getItem(TARGETING_KEY) ?? 'user-1';
keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = new URLSearchParams({ key: keyInput.value }).toString();
});
// Another key is another page.
window.addEventListener('hashchange', () => location.reload());

// The key is in the fragment, which browsers do not send to servers.
const key = new URLSearchParams(location.hash.slice(1)).get('key') ?? '';
keyForm.hidden = key !== '';
if (key !== '') {
  const table = new FlagTable(key);
  targetingKey.addEventListener('input', () => {
    localStorage.setItem(TARGETING_KEY, targetingKey.value);
    table.refresh();
  });
  table.refresh();
}
