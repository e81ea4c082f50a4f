import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Failure } from '../../ui/parts';

/** Creates something by its name, and says at the field why it could not be created. */
export function NameForm(props: {
  label: string;
  submit: string;
  onSubmit: (name: string) => Promise<void>;
  children?: ReactNode;
}) {
  const [name, setName] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await props.onSubmit(name.trim());
      setName('');
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return (
    <form className="card stack tight" onSubmit={submit}>
      <div className="row bottom">
        <TextInput
          className="grow"
          label={props.label}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          spellCheck={false}
          autoComplete="off"
        />
        {props.children}
        <Button type="submit" loading={isBusy} disabled={name.trim() === ''}>
          {props.submit}
        </Button>
      </div>
      {failure !== undefined && <Failure error={failure} />}
    </form>
  );
}
