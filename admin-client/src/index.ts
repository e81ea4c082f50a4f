// The admin API of Flagstaff, for scripts that change flags. See README.md.

export { Admin, type AdminOptions, type AuditFilter } from './admin.js';
export type { ChangeOptions, RequestSettings, VersionedOptions } from './connection.js';
export type { Keys, RotateOptions, Tokens } from './credentials.js';
export { AdminError } from './error.js';
export type { Flags } from './flags.js';
export type { Overrides } from './overrides.js';
export type * from './types.js';
