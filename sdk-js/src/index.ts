/** What `@flagstaff/node` and `@flagstaff/web` share. Each provides an {@link Evaluator} and, if necessary, a {@link Fetch}. */

export type { Bootstrap, EvaluatedFlag } from './bootstrap.js';
export { CachingEvaluator } from './caching-evaluator.js';
export { FlagClient, type FlagClientOptions, type FollowFunction } from './client.js';
export { type Clock, systemClock } from './clock.js';
export { type Details, toDetails } from './details.js';
export { encodeContext, encodeValue } from './encode.js';
export type {
  ErrorCode,
  Evaluator,
  ExpectedType,
  Issue,
  JsonObject,
  JsonValue,
  Outcome,
  Reason,
  SnapshotUpdate,
  TransferProgress,
} from './evaluator.js';
export { Flags } from './flags.js';
export { OnDemand, OnRequest, PollSync } from './modes.js';
export type { OverrideValues } from './overrides.js';
export { repairContext } from './plain.js';
export { type ContextInput, contextOf, PreparedContext } from './prepared.js';
export type { Follower, SyncListener } from './sync.js';
export type { ByteStream, Fetch, HttpRequest, HttpResponse, ServerConnection } from './transport.js';
export { createInstanceInfo, parseServerConnection } from './transport.js';
export type {
  ClientEvents,
  Context,
  FlagValue,
  FlushOptions,
  Logger,
  Readiness,
  ReadyOptions,
  Status,
  Widened,
} from './types.js';
export { VERSION } from './version.js';
export { fromWasm } from './wasm.js';
