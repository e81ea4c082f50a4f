import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { isSame } from '../model/diff';
import type { JsonObject } from '../model/language';
import { texts } from '../texts';

interface Props {
  label: string;
  isLabelShown?: boolean;
  description?: string;
  value: JsonObject;
  onChange: (value: JsonObject) => void;
}

/**
 * An object as JSON: what is typed stays as it is, and only an object is taken. It is not laid out anew when the focus leaves: what is below would
 * move away from under the pointer.
 */
export function ObjectField({ label, isLabelShown = false, description, value, onChange }: Props) {
  const [typed, setTyped] = useState<string>();
  const wrong = typed === undefined ? undefined : refusal(typed);
  // Another object than what was typed: an undo, or somebody else's change
  const isOther = typed === undefined || (wrong === undefined && !isSame(JSON.parse(typed), value));
  return (
    <Textarea
      size="xs"
      {...(isLabelShown ? { label } : { 'aria-label': label })}
      description={description}
      autosize
      minRows={2}
      maxRows={24}
      classNames={{ input: 'code' }}
      spellCheck={false}
      value={isOther ? JSON.stringify(value, undefined, 2) : typed}
      error={wrong}
      onChange={(event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        if (refusal(text) === undefined) {
          onChange(JSON.parse(text) as JsonObject);
        }
      }}
    />
  );
}

function refusal(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? undefined : texts.variants.notObject;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
