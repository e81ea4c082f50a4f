import { Modal } from '@mantine/core';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import type { Credential } from './secret';

/** Asks before a key or token is revoked */
export function Revoke(props: {
  credential: Credential | undefined;
  onClose: () => void;
  onRevoke: (credential: Credential) => void;
}) {
  const { credential, onClose, onRevoke } = props;
  return (
    <Modal
      opened={credential !== undefined}
      onClose={onClose}
      title={texts.keys.revokeTitle(credential?.name ?? '')}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <div className="stack">
        <p>{texts.keys.revokeText}</p>
        <DialogActions
          label={texts.keys.revoke}
          color="red"
          onDo={() => {
            onClose();
            if (credential !== undefined) {
              onRevoke(credential);
            }
          }}
          onCancel={onClose}
        />
      </div>
    </Modal>
  );
}
