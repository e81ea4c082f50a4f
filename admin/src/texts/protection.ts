// Texts about protected environments, and about changes by others

export const protection = {
  bar: (environment: string) => `${environment} is protected: every change needs a reason.`,
  title: (environment: string) => `Change ${environment}?`,
  text: (environment: string) => `${environment} is protected. The reason is stored in the history and the audit.`,
  reason: 'Reason',
  type: (environment: string) => `Type ${environment} to confirm`,
  submit: 'Change it',
  cancelled: 'Nothing was changed: no reason was given.',
  column: 'Protected',
  label: (environment: string) => `Every change of ${environment} needs a reason`,
  begun: (environment: string) => `Every change of ${environment} needs a reason now.`,
  ended: (environment: string) => `Changes of ${environment} need no reason now.`,
  hint: 'In a protected environment every change needs a reason, whoever makes it and however.',
};

const deeds: Record<string, string> = {
  create: 'created',
  update: 'changed',
  delete: 'deleted',
  archive: 'archived',
  restore: 'restored',
};

export const followed = {
  behind: 'Somebody else has saved this meanwhile. What you have typed is still here.',
  keepMine: 'Keep mine',
  takeTheirs: 'Take theirs',
  /** `what` is the kind and the key of what was changed */
  changed: (actor: string, action: string, what: string, environment: string | null) =>
    `${actor} ${deeds[action] ?? 'changed'} ${what}${environment === null ? '' : ` in ${environment}`}`,
};
