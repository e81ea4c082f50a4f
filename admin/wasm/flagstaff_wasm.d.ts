/* tslint:disable */
/* eslint-disable */

/**
 * One replica of an environment
 */
export class Evaluator {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Applies an event of the stream
     */
    applyEvent(name: string, data: string, id?: string | null): string;
    /**
     * A new connection begins
     */
    beginConnection(): void;
    /**
     * The slot of a unit under a salt
     */
    bucket(salt: string, unit: string, total: number): number;
    /**
     * The keys of the flags whose outcome time alone may have changed
     */
    changedBetween(since: number, until: number): string;
    /**
     * The keys of the flags marked `clientSide`
     */
    clientSideKeys(): string;
    /**
     * An evaluator of the current snapshot, which updates of this one do not change
     */
    copy(): Evaluator;
    /**
     * The cursor of the stream
     */
    cursor(): string | undefined;
    /**
     * How to evaluate a flag by integers
     */
    describeFlag(flag: string): string | undefined;
    /**
     * Evaluates every flag
     */
    evaluateAll(context: string, now: number): string;
    /**
     * Evaluates one flag
     */
    evaluate(flag: string, expected: string | null | undefined, default_value: string, context: string, now: number): string;
    /**
     * Evaluates one flag, with the steps of the evaluation
     */
    explain(flag: string, expected: string | null | undefined, default_value: string, context: string, now: number): string;
    /**
     * Why flags are broken
     */
    issues(): string;
    /**
     * The keys of all flags, by position
     */
    keys(): string;
    /**
     * Replaces the snapshot by a document
     */
    load(document: string): string;
    /**
     * An evaluator of the empty snapshot
     */
    constructor();
    /**
     * The next instant at which an outcome may change by time alone
     */
    nextBoundary(now: number): number | undefined;
    /**
     * The id of an outcome
     */
    outcomeId(flag: number, expected: number, context: number): number;
    /**
     * Writes the ids of all flags' outcomes to the shared memory
     */
    outcomeIds(context: number): boolean;
    /**
     * Releases a stored context
     */
    releaseContext(id: number): void;
    /**
     * Allocates shared memory of at least this many bytes and returns its offset in the module's memory
     */
    reserve(bytes: number): number;
    /**
     * Stores a context and returns its id
     */
    storeContext(context: string): number;
    /**
     * What may be meant by a context that names no user
     */
    userKeyHint(context: string): string | undefined;
}

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_evaluator_free: (a: number, b: number) => void;
    readonly evaluator_applyEvent: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number, number];
    readonly evaluator_beginConnection: (a: number) => void;
    readonly evaluator_bucket: (a: number, b: number, c: number, d: number, e: number, f: number) => number;
    readonly evaluator_changedBetween: (a: number, b: number, c: number) => [number, number];
    readonly evaluator_clientSideKeys: (a: number) => [number, number];
    readonly evaluator_copy: (a: number) => number;
    readonly evaluator_cursor: (a: number) => [number, number];
    readonly evaluator_describeFlag: (a: number, b: number, c: number) => [number, number];
    readonly evaluator_evaluate: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number) => [number, number, number, number];
    readonly evaluator_evaluateAll: (a: number, b: number, c: number, d: number) => [number, number];
    readonly evaluator_explain: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number) => [number, number, number, number];
    readonly evaluator_issues: (a: number) => [number, number];
    readonly evaluator_keys: (a: number) => [number, number];
    readonly evaluator_load: (a: number, b: number, c: number) => [number, number, number, number];
    readonly evaluator_new: () => number;
    readonly evaluator_nextBoundary: (a: number, b: number) => [number, number];
    readonly evaluator_outcomeId: (a: number, b: number, c: number, d: number) => number;
    readonly evaluator_outcomeIds: (a: number, b: number) => number;
    readonly evaluator_releaseContext: (a: number, b: number) => void;
    readonly evaluator_reserve: (a: number, b: number) => number;
    readonly evaluator_storeContext: (a: number, b: number, c: number) => number;
    readonly evaluator_userKeyHint: (a: number, b: number, c: number) => [number, number];
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
