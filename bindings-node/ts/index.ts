export type {
  Asker,
  ByteStream,
  ClientEvents,
  Context,
  Details,
  ErrorCode,
  Fetch,
  FlagClient,
  HttpRequest,
  HttpResponse,
  Issue,
  JsonObject,
  JsonValue,
  Logger,
  Readiness,
  Reason,
  Status,
} from '../../sdk-js/src/index.js';
export { PreparedContext } from '../../sdk-js/src/index.js';
export { Client, type ClientOptions, type OfflineOptions } from './client.js';
export type { EngineName } from './engine.js';
