// Protected environments: the bar on their pages, and the question before a change.

import { Button, Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, useState, useSyncExternalStore } from 'react';
import { openQuestion, type Question, subscribeToQuestions } from '../api/protection';
import { environments } from '../api/queries';
import { texts } from '../texts';

/** Says that an environment is protected, if it is */
export function ProtectedBar({ project, environment }: { project: string; environment: string | undefined }) {
  const { data } = useQuery(environments(project));
  const isProtected = data?.some((each) => each.name === environment && each.requireReason);
  return isProtected && environment !== undefined ? (
    <p className="protected">{texts.protection.bar(environment)}</p>
  ) : null;
}

/** Asks for the reason of a change while one is waiting for it */
export function ReasonDialog() {
  const asked = useSyncExternalStore(subscribeToQuestions, openQuestion);
  return (
    <Modal
      opened={asked !== undefined}
      onClose={() => asked?.answer(undefined)}
      title={texts.protection.title(asked?.environment ?? '')}
      closeButtonProps={{ 'aria-label': texts.common.close }}
      // Escape would close the dialog below too.
      closeOnEscape={false}
      classNames={{ header: 'protected-head' }}
      zIndex={400}
    >
      {asked !== undefined && <ReasonForm question={asked} onAnswer={asked.answer} />}
    </Modal>
  );
}

function ReasonForm({ question, onAnswer }: { question: Question; onAnswer: (reason: string | undefined) => void }) {
  const { environment, isDangerous } = question;
  const [reason, setReason] = useState(question.reason);
  const [typed, setTyped] = useState('');
  const isReady = reason.trim() !== '' && (!isDangerous || typed === environment);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    if (isReady) {
      onAnswer(reason.trim());
    }
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onAnswer(undefined);
    }
  };
  return (
    <form className="stack" onSubmit={submit} onKeyDown={key}>
      <p>{texts.protection.text(environment)}</p>
      <TextInput
        label={texts.protection.reason}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        maxLength={500}
        data-mantine-stop-propagation="true"
        data-autofocus={reason === '' || !isDangerous ? true : undefined}
      />
      {isDangerous && (
        <TextInput
          label={texts.protection.type(environment)}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          spellCheck={false}
          autoComplete="off"
          data-mantine-stop-propagation="true"
          data-autofocus={reason === '' ? undefined : true}
        />
      )}
      <div className="row">
        <Button type="submit" color="red" disabled={!isReady} data-mantine-stop-propagation="true">
          {texts.protection.submit}
        </Button>
        <Button variant="default" onClick={() => onAnswer(undefined)} data-mantine-stop-propagation="true">
          {texts.common.cancel}
        </Button>
      </div>
    </form>
  );
}
