export type {
  Bootstrap,
  ByteStream,
  ClientEvents,
  Context,
  ContextInput,
  Details,
  ErrorCode,
  EvaluatedFlag,
  Fetch,
  FlagClient,
  Flags,
  FlagValue,
  FlushOptions,
  HttpRequest,
  HttpResponse,
  Issue,
  JsonObject,
  JsonValue,
  Logger,
  OverrideValues,
  Readiness,
  ReadyOptions,
  Reason,
  Status,
} from '../../sdk-js/src/index.js';
export { PreparedContext } from '../../sdk-js/src/index.js';
export { Client } from './client.js';
export type { Engine } from './engine.js';
export type { NodeClient } from './node-client.js';
export type { ClientOptions, Mode, OfflineOptions } from './options.js';
export { currentFlags } from './scope.js';
export { signContext } from './sign.js';
