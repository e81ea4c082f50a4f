// The parts of a flag as docs/spec/language.md defines them. The server checks what is sent; these types are for the editor.

import type { Arm } from './split';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };
export type FlagType = 'boolean' | 'string' | 'number' | 'object';

export interface Test {
  attribute: string;
  op: string;
  value?: Json;
  values?: Json[];
  ignoreCase?: boolean;
  array?: 'any' | 'all' | 'none';
}

export interface Bucket {
  unit?: string;
  salt: string;
  from: number;
  until: number;
}

export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { segment: string }
  | { flag: string; variants: string[] }
  | { bucket: Bucket }
  | VendorExpression
  | Test;

/** A condition, or the name of a variant, in the language of another vendor (section 10) */
export interface VendorExpression {
  dialect: string;
  expression: Json;
}

export interface RolloutSteps {
  steps: { at: string | number; percent: number }[];
}

export interface Ramp {
  from: string | number;
  until: string | number;
  start: number;
  end: number;
}

export type Rollout = number | RolloutSteps | Ramp;

export interface Experiment {
  key: string;
  group?: string;
  slice?: [number, number][];
  holdout?: string;
}

export interface HashedServe {
  variant?: string;
  arms?: Arm[];
  rollout?: Rollout;
  unit?: string;
  onMissing?: 'decline' | { variant: string };
  salt?: string;
  experiment?: Experiment;
  algorithm?: string;
}

/** The split of another vendor: `parameters` and the weights are the vendor's */
export interface VendorSplit {
  algorithm: string;
  parameters?: JsonObject;
  arms: { variant: string | null; weight: number }[];
}

/** Null serves nothing: the caller gets its own default */
export type Serve = string | null | HashedServe | VendorSplit | VendorExpression;

export interface Rule {
  id?: string;
  description?: string;
  from?: string | number;
  until?: string | number;
  when?: Condition;
  serve: Serve;
}

export interface Prerequisite {
  flag: string;
  variants: string[];
}

export type Override = 'include' | 'exclude' | { variant: string } | { patch: JsonObject };

/** A flag without the fields of the server, as it is edited and sent */
export interface FlagBody {
  type: FlagType;
  enabled: boolean;
  description?: string;
  clientSide?: boolean;
  salt?: string;
  variants?: { [name: string]: Json };
  onVariant?: string;
  offVariant?: string;
  expiresAt?: string | number;
  prerequisites?: Prerequisite[];
  levels?: string[];
  overrides?: { [level: string]: { [contextKey: string]: Override } };
  environmentPatch?: JsonObject;
  rules?: Rule[];
  serve?: Serve;
  metadata?: JsonObject;
  jsonSchema?: JsonObject;
  needs?: number;
}

/** A flag as it was read */
export interface FlagRead extends FlagBody {
  key: string;
  version: number;
  createdAt: string;
  updatedAt: string;
  lastSeenAt: string | null;
}

/** The languages and hashes of other vendors, DL-1; of `flagd` there is no hash */
export const DIALECTS = ['eppo', 'flagd', 'flagsmith', 'growthbook', 'launchdarkly', 'unleash'];
const OWN_ALGORITHM = 'murmur3';
const ENVELOPE = new Set(['key', 'version', 'createdAt', 'updatedAt', 'lastSeenAt']);

/** The flag without the fields of the server and without fields that are null, which count as absent */
export function bodyOf(flag: FlagRead): FlagBody {
  const fields = Object.entries(flag).filter(([name, value]) => !ENVELOPE.has(name) && value !== null);
  return Object.fromEntries(fields) as unknown as FlagBody;
}

/** The values of a flag by variant: a boolean flag without variants has `on` and `off` */
export function variantsOf(flag: FlagBody): { [name: string]: Json } {
  return flag.variants ?? (flag.type === 'boolean' ? { on: true, off: false } : {});
}

export function onVariantOf(flag: FlagBody): string | undefined {
  return flag.onVariant ?? (flag.type === 'boolean' && flag.variants === undefined ? 'on' : undefined);
}

export function offVariantOf(flag: FlagBody): string | undefined {
  return flag.offVariant ?? (flag.type === 'boolean' && flag.variants === undefined ? 'off' : undefined);
}

export function levelsOf(flag: FlagBody): string[] {
  return flag.levels ?? ['user', 'organization'];
}

/** The serve of contexts to which no rule applies */
export function serveOf(flag: FlagBody): Serve {
  return flag.serve !== undefined ? flag.serve : (onVariantOf(flag) ?? Object.keys(variantsOf(flag))[0] ?? '');
}

/** Whether a serve is one that only its JSON says: that of another vendor, or none at all */
export function isVendors(serve: Serve): serve is null | VendorSplit | VendorExpression {
  return (
    serve === null ||
    (typeof serve === 'object' &&
      ('dialect' in serve ||
        ('algorithm' in serve && serve.algorithm !== undefined && serve.algorithm !== OWN_ALGORITHM)))
  );
}

/** A serve of ours as an object, so that it can be edited field by field; of another vendor's, nothing */
export function hashed(serve: Serve): HashedServe {
  return typeof serve === 'string' ? { variant: serve } : isVendors(serve) ? {} : (serve as HashedServe);
}

/** The shortest way to write a serve */
export function plain(serve: HashedServe): Serve {
  const { variant, rollout } = serve;
  const others = Object.keys(serve).filter((name) => name !== 'variant' && name !== 'rollout');
  return variant !== undefined && others.length === 0 && (rollout === undefined || rollout === 100) ? variant : serve;
}

/** How many overrides a flag has */
export function overrideCount(flag: FlagBody): number {
  const levels = Object.values(flag.overrides ?? {});
  return levels.reduce((sum, level) => sum + Object.keys(level).length, 0);
}

/** The id of a new rule: the first that no rule has */
export function newRuleId(rules: readonly Rule[]): string {
  const taken = new Set(rules.map((rule) => rule.id));
  let number = rules.length + 1;
  while (taken.has(`rule-${number}`)) {
    number += 1;
  }
  return `rule-${number}`;
}
