/** What the clients of this package have in common, whatever their engine. */

import {
  type Bootstrap,
  type ContextInput,
  createInstanceInfo,
  FlagClient,
  type FlagClientOptions,
  VERSION,
} from '../../sdk-js/src/index.js';
import { toBootstrap } from './bootstrap.js';
import { CacheFile } from './cache-file.js';
import type { Engine, OpenedEngine } from './engine.js';
import { followFunction } from './modes.js';
import { type ClientOptions, toServer } from './options.js';
import { runWithFlags } from './scope.js';

/** A client whose engine `open` opens. */
export class NodeClient extends FlagClient {
  /** Set by `open`, which the constructor of the base class must not call. */
  readonly #engine: EngineHolder;

  protected constructor(options: ClientOptions & Pick<FlagClientOptions, 'isAllClientSide'>, open: () => OpenedEngine) {
    const engine = new EngineHolder(open);
    const server = toServer(options);
    const { bootstrap, cacheFile, logger = console } = options;
    const cache = server && cacheFile !== undefined ? new CacheFile(cacheFile, server, logger) : undefined;
    super({
      ...options,
      server: server && { ...server, instance: createInstanceInfo('@flagstaff/node', VERSION) },
      follow: followFunction(options),
      open: () => engine.open(),
      ...(cache && {
        restore: (evaluator) => {
          const update = cache.restore(evaluator);
          // Restored flags are not stored again.
          cache.record(engine.open());
          return update;
        },
        settle: () => cache.settle(),
      }),
    });
    this.#engine = engine;
    if (bootstrap !== undefined) {
      this.loadBootstrap(engine.open(), typeof bootstrap === 'string' ? bootstrap : JSON.stringify(bootstrap));
    }
  }

  /** The engine that evaluates; `undefined` before it is opened, which {@link start} does. */
  get engine(): Engine | undefined {
    return this.#engine.name;
  }

  /**
   * Calls `work`, in which `currentFlags()` returns the flags of this context: also in what it calls later, by promises and timers.
   */
  runWithContext<T>(context: ContextInput, work: () => T): T {
    return runWithFlags(this.forContext(context), work);
  }

  /**
   * The values of the flags marked `clientSide` for a page, which a browser's client takes as its option `bootstrap`. Unless `includesContext` is `false`,
   * it contains the context too, which the page then uses for its requests.
   */
  bootstrapFor(context: ContextInput, { includesContext = true }: { includesContext?: boolean } = {}): Bootstrap {
    return toBootstrap(this.forContext(context).all({ clientSideOnly: true }), includesContext ? context : undefined);
  }
}

/** Opens an engine once. */
class EngineHolder {
  readonly #open: () => OpenedEngine;
  #opened: OpenedEngine | undefined;

  constructor(open: () => OpenedEngine) {
    this.#open = open;
  }

  get name(): Engine | undefined {
    return this.#opened?.engine;
  }

  open() {
    this.#opened ??= this.#open();
    return this.#opened.evaluator;
  }
}
