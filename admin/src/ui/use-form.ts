import { useState } from 'react';
import { isSame } from '../model/diff';

/** A form about something that others may save while it is open */
export interface Form<T, F> {
  fields: F;
  set: (change: { [N in keyof F]?: F[N] | undefined }) => void;
  /** The state that the fields began with: its version is what a save replaces */
  base: T;
  isChanged: boolean;
  /** Whether somebody else has saved it since */
  isBehind: boolean;
  /** Goes on with what is typed, on top of what somebody else has saved */
  keep: () => void;
  /** Forgets what is typed */
  reset: () => void;
}

/** Fields that follow what is read until somebody types in them */
export function useForm<T extends { version: number }, F extends object>(
  read: T,
  fieldsOf: (read: T) => F,
): Form<T, F> {
  const [base, setBase] = useState(read);
  const [fields, setFields] = useState(() => fieldsOf(read));
  const isChanged = !isSame(fields, fieldsOf(base));
  const isOther = base.version !== read.version;
  const reset = () => {
    setBase(read);
    setFields(fieldsOf(read));
  };
  // Also after one's own save.
  if (isOther && (!isChanged || isSame(fields, fieldsOf(read)))) {
    reset();
  }
  return {
    fields,
    set: (change) => setFields({ ...fields, ...change } as F),
    base,
    isChanged,
    isBehind: isOther && isChanged,
    keep: () => setBase(read),
    reset,
  };
}
