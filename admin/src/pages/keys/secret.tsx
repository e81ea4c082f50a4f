import { Button, CopyButton, Modal } from '@mantine/core';
import type { Schemas } from '../../api/request';
import { texts } from '../../texts';

export type Credential = Schemas['AccessKey'];

/** The secret of a new credential, which no other response contains */
export function Secret({ credential, onClose }: { credential: Credential | undefined; onClose: () => void }) {
  const token = credential?.token;
  return (
    <Modal
      opened={token !== undefined}
      onClose={onClose}
      title={texts.keys.secretTitle}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <div className="stack">
        <p>{texts.keys.secretText}</p>
        <code className="secret">{token}</code>
        <div className="row">
          <CopyButton value={token ?? ''}>
            {({ copied, copy }) => <Button onClick={copy}>{copied ? texts.keys.copied : texts.keys.copy}</Button>}
          </CopyButton>
          <Button variant="default" onClick={onClose}>
            {texts.common.done}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
