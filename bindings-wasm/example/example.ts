/** The example page: every client-side flag of an environment, evaluated here, for whoever the reader says they are. */

import { Client, type Details, type JsonValue } from '../ts/local.js';

declare global {
  interface Window {
    /** The client of the page, for a look from the console. */
    flagstaff?: Client;
  }
}

const TARGETING_KEY = 'flagstaff.example.targetingKey';

const rows = element('flags', HTMLTableSectionElement);
const status = element('status', HTMLElement);
const revision = element('revision', HTMLElement);
const empty = element('empty', HTMLElement);
const person = element('person', HTMLInputElement);
const keyForm = element('key-form', HTMLFormElement);
const keyInput = element('key', HTMLInputElement);

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`the page has no ${type.name} \`${id}\``);
  }
  return found;
}

/** The key travels in the fragment, which browsers do not send to servers. */
function keyOfFragment(): string | null {
  return new URLSearchParams(location.hash.slice(1)).get('key');
}

function render(client: Client): void {
  document.body.dataset['status'] = client.status;
  document.body.dataset['revision'] = String(client.revision);
  status.textContent = client.status.replace('_', ' ').toLowerCase();
  revision.textContent = String(client.revision);
  const flags = client.evaluateAll({ targetingKey: person.value });
  const known = new Map(Array.from(rows.rows, (row) => [row.dataset['flag'], row]));
  empty.hidden = client.status !== 'READY' || Object.keys(flags).length > 0;
  for (const row of known.values()) {
    if (flags[row.dataset['flag'] ?? ''] === undefined) {
      row.remove();
    }
  }
  Object.entries(flags).forEach(([flag, details], position) => {
    const row = known.get(flag) ?? createRow(flag);
    if (rows.rows[position] !== row) {
      rows.insertBefore(row, rows.rows[position] ?? null);
    }
    fill(row, details);
  });
}

function createRow(flag: string): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.dataset['flag'] = flag;
  const name = document.createElement('th');
  name.scope = 'row';
  name.textContent = flag;
  row.append(name);
  for (let column = 0; column < 3; column += 1) {
    row.insertCell();
  }
  return row;
}

function fill(row: HTMLTableRowElement, { value, variant, reason, errorCode }: Details<JsonValue | undefined>): void {
  const before = row.dataset['value'];
  const text = value === undefined ? '' : JSON.stringify(value);
  const texts = [text, variant ?? '–', (errorCode ?? reason).replaceAll('_', ' ').toLowerCase()];
  texts.forEach((content, column) => {
    const cell = row.cells[column + 1];
    if (cell !== undefined) {
      cell.textContent = content;
    }
  });
  row.dataset['value'] = text;
  row.classList.toggle('on', value === true);
  if (before !== undefined && before !== text) {
    highlight(row);
  }
}

/** Plays the animation from its beginning, also where it is still running. */
function highlight(row: HTMLTableRowElement): void {
  for (const animation of row.getAnimations()) {
    animation.cancel();
  }
  row.animate([{ backgroundColor: 'var(--highlight)' }, { backgroundColor: 'transparent' }], {
    duration: 2000,
    easing: 'ease-out',
  });
}

function follow(key: string): void {
  const client = new Client(new URL('../', location.href), key, {
    wasm: new URL('flagstaff_wasm.wasm', import.meta.url),
  });
  window.flagstaff = client;
  client.on('status', () => render(client));
  client.on('change', () => render(client));
  person.addEventListener('input', () => {
    localStorage.setItem(TARGETING_KEY, person.value);
    render(client);
  });
  client.start();
  render(client);
}

person.value = localStorage.getItem(TARGETING_KEY) ?? 'user-1';
keyForm.addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = new URLSearchParams({ key: keyInput.value }).toString();
});
// A page has one client; another key is another page.
window.addEventListener('hashchange', () => location.reload());

const key = keyOfFragment();
keyForm.hidden = key !== null && key !== '';
if (key !== null && key !== '') {
  follow(key);
}
