// Every text of the UI, by page in `texts/`. One word has one meaning: flag, variant, rule, override, environment, as in docs/spec/language.md.

import { audit, instances, keys, personalTokens, sessions, unknown } from './texts/administration';
import { code, document } from './texts/code';
import { absent, details, diff, flag, history, overrides, prerequisites, usage, variants } from './texts/flag';
import { bulk, flags, newFlag } from './texts/flags';
import { groups } from './texts/groups';
import { patches } from './texts/patches';
import { compare, person, segments } from './texts/people';
import { playground, trace } from './texts/playground';
import { followed, protection } from './texts/protection';
import { operators, rules, sentence, timeline } from './texts/rules';
import { conflict, convergence, impact, review } from './texts/saving';
import { experiment, rollout, serve, split } from './texts/serving';
import { settings } from './texts/settings';
import { broken, common, errors, notFound, pages, palette, shell, switching, themes } from './texts/shell';
import { failures, signIn } from './texts/sign-in';
import { sorting } from './texts/sorting';

export const texts = {
  absent,
  audit,
  broken,
  bulk,
  code,
  common,
  compare,
  conflict,
  convergence,
  details,
  diff,
  document,
  errors,
  experiment,
  failures,
  flag,
  flags,
  followed,
  groups,
  history,
  impact,
  instances,
  keys,
  newFlag,
  notFound,
  operators,
  overrides,
  pages,
  palette,
  patches,
  person,
  personalTokens,
  playground,
  prerequisites,
  protection,
  review,
  rollout,
  rules,
  segments,
  sentence,
  serve,
  sessions,
  settings,
  shell,
  signIn,
  sorting,
  split,
  switching,
  themes,
  timeline,
  trace,
  unknown,
  usage,
  variants,
};
