import { TextInput, type TextInputProps } from '@mantine/core';
import { texts } from '../texts';

/** The server takes no longer reason. */
const LENGTH = 500;

interface Props extends Omit<TextInputProps, 'value' | 'onChange'> {
  reason: string;
  onReason: (reason: string) => void;
}

/** The field for the reason of a change */
export function ReasonField({ reason, onReason, ...field }: Props) {
  return (
    <TextInput
      label={texts.review.reason}
      {...field}
      value={reason}
      onChange={(event) => onReason(event.currentTarget.value)}
      maxLength={LENGTH}
    />
  );
}
