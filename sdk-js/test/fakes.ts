/** Fakes of time, the network and the core. */

import type { Cancel, Clock } from '../src/clock.js';
import type { Evaluator } from '../src/evaluator.js';
import type { ByteStream, Fetch, HttpRequest, HttpResponse } from '../src/transport.js';

/** Time that passes when a test says so, and randomness that always returns `luck`. */
export class ManualClock implements Clock {
  luck = 1;
  #now = 1_000_000;
  #timers: { at: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.luck;
  }

  after(delay: number, action: () => void): Cancel {
    const timer = { at: this.#now + delay, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets `duration` milliseconds pass, and runs everything that is due. */
  async advance(duration: number): Promise<void> {
    const end = this.#now + duration;
    await settle();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (next === undefined) {
        break;
      }
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.action();
      await settle();
    }
    this.#now = end;
  }

  /** The remaining time of each timer, shortest first. */
  get pending(): number[] {
    return this.#timers.map(({ at }) => at - this.#now).sort((one, other) => one - other);
  }
}

/** Resolves when every promise that can settle without time or network has. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A stream of bytes that the test writes; it ignores being aborted, as a hung socket does. */
export class ManualStream implements ByteStream {
  cancelled = false;
  #source: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #stream = new ReadableStream<Uint8Array>({
    start: (source) => {
      this.#source = source;
    },
    cancel: () => {
      this.cancelled = true;
    },
  });

  getReader(): ReturnType<ByteStream['getReader']> {
    return this.#stream.getReader();
  }

  write(text: string | Uint8Array): void {
    this.#source?.enqueue(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  }

  event(name: string, data: unknown, id?: string): void {
    this.write(`event: ${name}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  /** A whole transfer, in which the named flags change. */
  commit(revision: number, ...changed: string[]): void {
    this.event('payload-transferred', { revision, changed }, `cursor-${revision}`);
  }

  end(): void {
    this.#source?.close();
  }

  fail(error: Error): void {
    this.#source?.error(error);
  }
}

export interface Exchange {
  url: string;
  request: HttpRequest;
  /** Responds with a stream of events. */
  stream(): ManualStream;
  answer(status: number, headers?: Record<string, string>, text?: string): void;
  /** Responds as a Flagstaff server that refuses the request. */
  refuse(status: number, detail: string): void;
  fail(error: Error): void;
}

type Path = 'stream' | 'snapshot' | 'usage' | 'applied';

/** A server that stores requests, to which the test responds. */
export class ManualServer {
  readonly exchanges: Exchange[] = [];

  readonly fetch: Fetch = (url, request) =>
    new Promise((resolve, reject) => {
      const respond = (status: number, headers: Record<string, string>, body: ByteStream | null, text: string) => {
        const response: HttpResponse = {
          status,
          headers: { get: (name) => headers[name] ?? null },
          body,
          text: async () => text,
        };
        resolve(response);
      };
      this.exchanges.push({
        url,
        request,
        stream() {
          const body = new ManualStream();
          respond(200, { 'content-type': 'text/event-stream' }, body, '');
          return body;
        },
        answer: (status, headers = {}, text = '') => respond(status, headers, null, text),
        refuse: (status, detail) => {
          const problem = { type: 'urn:flagstaff:problem:forbidden', title: 'Forbidden', status, detail };
          respond(status, { 'content-type': 'application/problem+json' }, null, JSON.stringify(problem));
        },
        fail: reject,
      });
    });

  /** The requests for a path. */
  of(path: Path): Exchange[] {
    return this.exchanges.filter(({ url }) => new URL(url).pathname.endsWith(`/${path}`));
  }

  last(path: Path = 'stream'): Exchange {
    const exchange = this.of(path).at(-1);
    if (exchange === undefined) {
      throw new Error(`there was no request for the ${path}`);
    }
    return exchange;
  }
}

/** A core that applies every commit. It cannot read the event `bad`. */
export class FakeEvaluator implements Evaluator {
  revision = 0;
  connections = 0;
  boundary: number | undefined;
  /** The flags that change at the boundary. */
  timed = ['two'];
  #cursor: string | undefined;

  load(document: string): string {
    const { revision, changed } = JSON.parse(document) as { revision: number; changed: string[] };
    this.#cursor = undefined;
    this.revision = revision;
    return JSON.stringify({ environment: 'production', revision, changed });
  }

  beginConnection(): void {
    this.connections += 1;
  }

  applyEvent(name: string, data: string, id?: string): string {
    switch (name) {
      case 'payload-transferred': {
        const { revision, changed } = JSON.parse(data) as { revision: number; changed: string[] };
        this.#cursor = id;
        this.revision = revision;
        return JSON.stringify({ step: 'committed', environment: 'production', revision, changed });
      }
      case 'server-intent':
        return JSON.stringify({ step: data.includes('none') ? 'current' : 'pending' });
      case 'goodbye':
        return JSON.stringify({ step: 'goodbye', ...(JSON.parse(data) as object) });
      case 'bad':
        this.#cursor = undefined;
        throw new Error('the event cannot be read');
      default:
        return JSON.stringify({ step: 'ignored' });
    }
  }

  cursor(): string | undefined {
    return this.#cursor;
  }

  evaluate(flag: string): string {
    return JSON.stringify({ ...OUTCOME, value: `${flag}@${this.revision}` });
  }

  explain(flag: string): string {
    return `{"outcome":${this.evaluate(flag)},"trace":[]}`;
  }

  evaluateAll(): string {
    return JSON.stringify({ flags: { one: OUTCOME, two: OUTCOME } });
  }

  issues(): string {
    return '[]';
  }

  nextBoundary(now: number): number | undefined {
    return this.boundary !== undefined && this.boundary > now ? this.boundary : undefined;
  }

  changedBetween(since: number, until: number): string {
    const isDue = this.boundary !== undefined && since < this.boundary && this.boundary <= until;
    return JSON.stringify(isDue ? this.timed : []);
  }

  bucket(): number {
    return 0;
  }

  userKeyHint(context: string): string | undefined {
    return context.includes('"userId"') && !context.includes('"targetingKey"')
      ? 'the context names no user'
      : undefined;
  }

  copy(): Evaluator {
    const copy = new FakeEvaluator();
    copy.revision = this.revision;
    return copy;
  }

  keys(): string {
    return '["one","two"]';
  }

  clientSideKeys(): string {
    return '["two"]';
  }

  describeFlag(): string | undefined {
    return undefined;
  }

  storeContext(): number {
    return 0;
  }

  releaseContext(): void {}

  sharedMemory(bytes: number): Uint8Array {
    return new Uint8Array(bytes);
  }

  outcomeId(): number {
    return -1;
  }

  outcomeIds(): boolean {
    return false;
  }
}

const OUTCOME = {
  value: 'x',
  variant: 'v',
  enabled: true,
  reason: 'STATIC',
  errorCode: null,
  detail: {},
  metadata: {},
  inExperiment: false,
  sources: {},
};
