import type { Issue, JsonValue } from '../../../sdk-js/src/evaluator.js';
import { createInstanceInfo } from '../../../sdk-js/src/transport.js';
import type { Context, Logger } from '../../../sdk-js/src/types.js';
import { VERSION } from '../../../sdk-js/src/version.js';
import { encodeContext, PageClient } from '../page/client.js';
import type { ClientOptions } from '../page/options.js';
import type { FlagSnapshot } from '../page/types.js';
import { openEngine, type WasmSource } from './engine.js';
import type { PageEvaluator } from './instance.js';
import { createUsage, type Usage } from './usage.js';
import { type LocalValues, openLocal } from './values.js';

export interface LocalClientOptions extends Omit<ClientOptions, 'signature' | 'stream'> {
  /** An SDK key of kind `client-local`. */
  key: string;
  /** The WebAssembly module; by default the file in the folder above this script is fetched. The first client of a page decides. */
  wasm?: WasmSource | undefined;
  /**
   * Whether the client counts which flags the page reads, and reports it once a minute; `true` by default. Reports contain nothing of the
   * context.
   */
  usage?: boolean | undefined;
}

/** The options of a client without a server. */
export interface DocumentOptions {
  context?: Context | undefined;
  logger?: Logger | undefined;
  wasm?: WasmSource | undefined;
}

/** @internal */
interface OpenOptions extends LocalClientOptions {
  wasm: WasmSource;
  /** A document to evaluate instead of the flags of a server. */
  document?: string;
}

/** An evaluation, step by step. */
export interface Explanation {
  readonly outcome: Readonly<Record<string, JsonValue>>;
  readonly trace: readonly Readonly<Record<string, JsonValue>>[];
}

/** The flags of one page, which the page evaluates itself. */
export abstract class LocalClient extends PageClient {
  readonly #values: LocalValues;
  readonly #usage: Usage | undefined;

  /** @internal */
  protected constructor(options: OpenOptions) {
    const { wasm, document, logger = console } = options;
    const instance = createInstanceInfo('@flagstaff/web', VERSION);
    const open = (trapped: (error: unknown) => void): Promise<PageEvaluator> => openEngine(wasm, trapped);
    let usage: Usage | undefined;
    let values: LocalValues | undefined;
    super(options, (page) => {
      usage = options.usage === false || document !== undefined ? undefined : createUsage(page.server, instance);
      values = openLocal(page, { open, document, instance, usage, warn: (message) => logger.warn(message) });
      return values;
    });
    this.#usage = usage;
    this.#values = values as unknown as LocalValues;
  }

  /** The revision of the flags; 0 before the first. */
  get revision(): number {
    return this.#values.revision;
  }

  /** Why flags are broken. */
  get issues(): Issue[] {
    return this.#read((evaluator) => evaluator.issues(), []);
  }

  /** Evaluates a flag step by step, for the context of the page or another one; `undefined` before there are flags. Does not count as a read. */
  explain(key: string, context: Context = this.context): Explanation | undefined {
    return this.#read(
      (evaluator) => evaluator.explain(key, null, 'null', encodeContext(context), Date.now()),
      undefined,
    );
  }

  override getSnapshot(key: string): FlagSnapshot | undefined {
    const flag = super.getSnapshot(key);
    if (this.sourceOf(key) === 'live') {
      this.#usage?.count(key, flag);
    }
    return flag;
  }

  #read<T>(read: (evaluator: PageEvaluator) => string, otherwise: T): T {
    const { evaluator } = this.#values;
    try {
      return evaluator === undefined ? otherwise : (JSON.parse(read(evaluator)) as T);
    } catch {
      // The evaluator has trapped, and another one is opened.
      return otherwise;
    }
  }
}

/**
 * The options of a client without a server, which evaluates a document. Rejects if the document is refused as a whole.
 *
 * @internal
 */
export async function documentOptions(
  document: string,
  options: DocumentOptions & { wasm: WasmSource },
): Promise<LocalClientOptions> {
  (await openEngine(options.wasm, () => {})).load(document);
  const offline = { ...options, document, url: 'http://flags.invalid', key: 'none', cache: 'off', bootstrap: false };
  return offline as OpenOptions;
}
