// Why a flag has its value, in words

import { texts } from '../texts';

interface Reasoned {
  errorCode: string | null;
  reason: string;
  /** What decided: the `detail` of an outcome */
  source: unknown;
}

export function reasonText(item: Reasoned): string {
  const source = item.source as { step?: string; level?: string; index?: number; id?: string };
  if (item.errorCode !== null) {
    return texts.person.error(item.errorCode);
  }
  if (source.step === 'rule') {
    return texts.person.rule(texts.rules.name(source.id, source.index ?? 0));
  }
  if (source.step === 'override') {
    return texts.person.overridden(source.level ?? '');
  }
  return texts.person.steps[source.step ?? ''] ?? texts.person.reasons[item.reason] ?? item.reason;
}
