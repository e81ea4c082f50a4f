import { Button } from '@mantine/core';
import { texts } from '../texts';

interface Props {
  /** What the dialog does */
  label: string;
  color?: string | undefined;
  isBusy?: boolean;
  isDisabled?: boolean;
  onCancel: () => void;
  /** Left out in a form, which is submitted */
  onDo?: () => void;
}

/** The end of a dialog: doing it, and leaving it alone */
export function DialogActions({ label, color, isBusy = false, isDisabled = false, onCancel, onDo }: Props) {
  return (
    <div className="row">
      <Button
        loading={isBusy}
        disabled={isDisabled}
        {...(onDo === undefined ? { type: 'submit' } : { onClick: onDo })}
        {...(color === undefined ? {} : { color })}
      >
        {label}
      </Button>
      <Button variant="default" onClick={onCancel}>
        {texts.common.cancel}
      </Button>
    </div>
  );
}
