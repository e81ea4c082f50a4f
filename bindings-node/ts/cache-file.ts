/**
 * A file that stores the last flags for the next start. It contains the events of the stream (`event`, `id`, `data` in lines), as they were received, or a
 * document that was polled. The core checks the events as it checks those of a server, with the hash of the state; a part of the file that it refuses
 * is not used.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type {
  CachingEvaluator,
  Evaluator,
  Logger,
  ServerConnection,
  SnapshotUpdate,
  TransferProgress,
} from '../../sdk-js/src/index.js';
import { foldEvents, parseEvents, type StoredEvent, toText } from './stored-events.js';

/** Changes are appended until they are longer than the rest of the file and this many bytes. */
const MIN_CHANGES = 64 * 1024;

/** Flags may be confidential. */
const MODE = 0o600;

export class CacheFile {
  readonly #path: string;
  readonly #logger: Logger;
  /** The first line, which identifies the server and the SDK key, so that flags of others are not used. */
  readonly #header: string;
  /** The events of the transfer in progress. */
  #transfer: StoredEvent[] = [];
  /** Bytes of the file: of the first transfer, and of changes since. */
  #base = 0;
  #changes = 0;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  constructor(path: string | URL, { url, key }: ServerConnection, logger: Logger) {
    this.#path = path instanceof URL ? fileURLToPath(path) : path;
    this.#logger = logger;
    const owner = createHash('sha256').update(`${url}\n${key}`).digest('hex').slice(0, 16);
    this.#header = `: flagstaff 1 ${owner}\n\n`;
  }

  /** Reads the file; returns `undefined` if it does not exist, is of another server or key, or contains nothing usable. Never throws. */
  restore(evaluator: CachingEvaluator): SnapshotUpdate | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#logger.warn(`flagstaff: the cache file cannot be read: ${String(error)}`);
      }
      return undefined;
    }
    if (!text.startsWith(this.#header)) {
      this.#logger.warn('flagstaff: the cache file is of another server or SDK key, and is not used');
      return undefined;
    }
    const body = text.slice(this.#header.length);
    let update: SnapshotUpdate | undefined;
    try {
      update = body.startsWith('{') ? evaluator.load(body) : replay(evaluator, parseEvents(body));
      this.#base = text.length;
    } catch (error) {
      this.#logger.warn(`flagstaff: the end of the cache file is not used: ${String(error)}`);
    }
    return update ?? undefined;
  }

  /** The evaluator, whose updates are stored from now on. */
  record(evaluator: Evaluator): Evaluator {
    const beginConnection = evaluator.beginConnection.bind(evaluator);
    const applyEvent = evaluator.applyEvent.bind(evaluator);
    const load = evaluator.load.bind(evaluator);
    return Object.assign(evaluator, {
      beginConnection: () => {
        this.#transfer = [];
        beginConnection();
      },
      applyEvent: (name: string, data: string, id?: string) => {
        const progress = applyEvent(name, data, id);
        this.#add({ name, data, id }, progress);
        return progress;
      },
      load: (document: string) => {
        const update = load(document);
        this.#replace(document);
        return update;
      },
    });
  }

  /** Resolves when everything is stored; never rejects. */
  settle(): Promise<void> {
    return this.#writing;
  }

  #add(event: StoredEvent, progress: string): void {
    const { step } = JSON.parse(progress) as TransferProgress;
    switch (step) {
      case 'pending':
        if (event.name === 'server-intent') {
          this.#transfer = [];
        }
        this.#transfer.push(event);
        break;
      case 'committed': {
        const text = [...this.#transfer, event].map(toText).join('');
        if (this.#transfer[0]?.data.includes('xfer-full')) {
          this.#replace(text);
        } else {
          this.#append(text);
        }
        this.#transfer = [];
        break;
      }
      case 'current':
      case 'discarded':
        this.#transfer = [];
        break;
      default:
    }
  }

  #replace(text: string): void {
    this.#base = text.length;
    this.#changes = 0;
    this.#write(() => this.#store(text));
  }

  #append(text: string): void {
    if (this.#base === 0) {
      // The file has nothing to which the changes could be added; the next full transfer begins it.
      return;
    }
    this.#changes += text.length;
    const isLong = this.#changes > this.#base + MIN_CHANGES;
    if (isLong) {
      this.#base = this.#changes;
      this.#changes = 0;
    }
    this.#write(async () => {
      await appendFile(this.#path, text, { mode: MODE });
      if (isLong) {
        await this.#compact();
      }
    });
  }

  /** Replaces the events by those that make the same state. */
  async #compact(): Promise<void> {
    const text = readFileSync(this.#path, 'utf8').slice(this.#header.length);
    if (!text.startsWith('{')) {
      await this.#store(foldEvents(parseEvents(text)).map(toText).join(''));
    }
  }

  /** Replaces the file atomically: a reader sees the old file or the new one. */
  async #store(text: string): Promise<void> {
    const fresh = `${this.#path}.${process.pid}.new`;
    try {
      await writeFile(fresh, this.#header + text, { mode: MODE });
      await rename(fresh, this.#path);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }

  #write(work: () => Promise<void>): void {
    this.#writing = this.#writing.then(work).catch((error: unknown) => {
      if (!this.#hasFailed) {
        this.#hasFailed = true;
        this.#logger.warn(`flagstaff: the cache file cannot be written: ${String(error)}`);
      }
    });
  }
}

/** Applies stored events. If an event is refused, the replica stays at the last commit. */
function replay(evaluator: CachingEvaluator, events: StoredEvent[]): SnapshotUpdate | undefined {
  let update: SnapshotUpdate | undefined;
  evaluator.beginConnection();
  for (const { name, data, id } of events) {
    const progress = evaluator.applyEvent(name, data, id);
    update = progress.step === 'committed' ? progress : update;
  }
  return update;
}
