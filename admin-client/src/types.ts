// The objects of the API, from its OpenAPI document. The parts of the flag language are JSON here: if one contains a mistake, the server
// responds with an error that says what is wrong and where.

import type { components } from '../../admin/src/api/schema.js';

type Schemas = components['schemas'];

/** A value of JSON */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The parts of a flag that docs/spec/language.md describes */
interface LanguageParts {
  environmentPatch?: JsonObject | null;
  jsonSchema?: JsonObject | null;
  metadata?: JsonObject | null;
  overrides?: JsonObject | null;
  prerequisites?: readonly JsonObject[] | null;
  rules?: readonly JsonObject[] | null;
  serve?: string | JsonObject | null;
  variants?: JsonObject | null;
}
interface JsonObject {
  readonly [name: string]: Json;
}

/** `T` with the parts of the flag language as JSON */
type WithJson<T> = Omit<T, keyof LanguageParts> & LanguageParts;

/** A flag with the fields that the server adds */
export type Flag = WithJson<Schemas['Flag']>;
/** The body that creates or replaces a flag, in the short or the full form */
export type FlagBody = WithJson<Partial<Schemas['ShortFlag'] & Omit<Schemas['WholeFlag'], keyof Schemas['ShortFlag']>>>;
/** A JSON merge patch; `null` removes a field */
export type FlagPatch = { [F in keyof FlagBody]?: FlagBody[F] | null };

export type Override = Schemas['Override'];
export type OverrideValue = 'include' | 'exclude' | { variant: string } | { patch: JsonObject };
/** A line of a load */
export interface OverrideLine {
  level: string;
  contextKey: string;
  value: OverrideValue;
  reason?: string;
}
/** The result of a load */
export type Loaded = Schemas['Loaded'];

export type AuditRecord = Schemas['AuditRecord'];
export type AuditDifference = Schemas['AuditDifference'];

type AccessKey = Omit<Schemas['AccessKey'], 'kind' | 'role' | 'allProjects'>;
/** A key of an SDK; its text, `token`, is only in the response that creates it */
export type SdkKey = AccessKey & { kind: string };
/** An access token; its text, `token`, is only in the response that creates it */
export type AccessToken = AccessKey & { role: string; allProjects: boolean };
export type NewKey = Schemas['NewEnvironmentKey'] & { kind: 'server' | 'client' | 'client-local' };
export type KeyPatch = Schemas['KeyPatch'];
export type NewToken = Schemas['NewProjectToken'] & { role: 'viewer' | 'editor' | 'admin' };
export type SigningSecret = Schemas['SigningSecret'];

export type Convergence = Schemas['Convergence'];
export type FieldError = Schemas['FieldError'];
