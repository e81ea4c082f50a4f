// Renaming and deleting a project or an environment, each in a dialog. Deleting asks for the name.

import { Button, Modal, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { Failure } from '../../ui/parts';

const words = texts.settings;

interface Props {
  what: 'project' | 'environment';
  name: string;
  onRename: (name: string) => Promise<void>;
  onDelete: () => Promise<void>;
}

export function NameActions({ what, name, onRename, onDelete }: Props) {
  const [open, setOpen] = useState<'rename' | 'delete'>();
  const close = () => setOpen(undefined);
  return (
    <span className="row keep">
      <Button
        size="compact-sm"
        variant="default"
        aria-label={words.renameLabel(name)}
        onClick={() => setOpen('rename')}
      >
        {words.rename}
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={words.deleteLabel(name)}
        onClick={() => setOpen('delete')}
      >
        {words.delete}
      </Button>
      {open === 'rename' && (
        <NameDialog
          title={words.renameTitle(what, name)}
          label={words.newName}
          first={name}
          submit={words.rename}
          isReady={(typed) => typed !== '' && typed !== name}
          onSubmit={onRename}
          onClose={close}
        >
          <p>{words.renameHints[what]}</p>
        </NameDialog>
      )}
      {open === 'delete' && (
        <NameDialog
          title={words.deleteTitle(what, name)}
          label={words.confirm(name)}
          first=""
          submit={words.deleteNow(name)}
          color="red"
          isReady={(typed) => typed === name}
          onSubmit={onDelete}
          onClose={close}
        >
          <p>{words.deleteHints[what]}</p>
        </NameDialog>
      )}
    </span>
  );
}

interface DialogProps {
  title: string;
  label: string;
  first: string;
  submit: string;
  color?: string;
  isReady: (typed: string) => boolean;
  onSubmit: (typed: string) => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

function NameDialog({ title, label, first, submit, color, isReady, onSubmit, onClose, children }: DialogProps) {
  const [typed, setTyped] = useState(first);
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const act = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await onSubmit(typed);
      onClose();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': texts.common.close }}>
      <form className="stack" onSubmit={act}>
        {children}
        <TextInput
          label={label}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          spellCheck={false}
          autoComplete="off"
          data-autofocus
        />
        {failure !== undefined && <Failure error={failure} />}
        <DialogActions label={submit} color={color} isBusy={isBusy} isDisabled={!isReady(typed)} onCancel={onClose} />
      </form>
    </Modal>
  );
}
