import { Button, Checkbox, Group, Modal, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { request } from '../../api/request';
import type { FlagBody, FlagType, Json } from '../../model/language';
import { texts } from '../../texts';
import { Failure } from '../../ui/parts';

interface Props {
  project: string;
  environments: readonly string[];
  onClose: () => void;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** What a flag of each type begins with: two variants to edit, the second of which is off */
const VARIANTS: Record<Exclude<FlagType, 'boolean'>, { [name: string]: Json }> = {
  string: { a: 'A', b: 'B' },
  number: { more: 20, standard: 10 },
  object: { changed: { enabled: true }, standard: { enabled: false } },
};

/** Creates a flag, off, in the chosen environments. */
export function NewFlag({ project, environments, onClose }: Props) {
  const [key, setKey] = useState('');
  const [type, setType] = useState<FlagType>('boolean');
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [chosen, setChosen] = useState<string[]>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  // Until somebody chooses: all of them, which may be read only after the dialog is open.
  const places = chosen ?? [...environments];
  const isKeyWrong = key !== '' && !KEY.test(key);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    const created: string[] = [];
    try {
      for (const environment of places) {
        await request('post', '/api/v1/projects/{project}/environments/{environment}/flags', {
          path: { project, environment },
          body: {
            key,
            ...firstBody(type),
            ...(name === '' ? {} : { name }),
            ...(description === '' ? {} : { description }),
          },
        });
        created.push(environment);
      }
      await client.invalidateQueries({ queryKey: ['projectFlags', project] });
      await navigate({
        to: '/projects/$project/flags/$flag',
        params: { project, flag: key },
        search: { env: places[0] ?? '' },
      });
    } catch (error) {
      // What was made before the failure is not made again.
      setChosen(places.filter((place) => !created.includes(place)));
      setFailure(error);
    }
    setBusy(false);
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.newFlag.title}
      size="lg"
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form onSubmit={submit} className="stack">
        <TextInput
          label={texts.newFlag.key}
          description={texts.newFlag.keyHint}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          error={isKeyWrong ? texts.newFlag.keyWrong : undefined}
          required
          data-autofocus
          spellCheck={false}
        />
        <div className="stack tight">
          <span id="new-type">{texts.flags.type}</span>
          <SegmentedControl
            aria-labelledby="new-type"
            value={type}
            onChange={(value) => setType(value as FlagType)}
            data={Object.entries(texts.flags.types).map(([value, label]) => ({ value, label }))}
          />
          <span className="dim small">{texts.newFlag.typeHints[type]}</span>
        </div>
        <TextInput
          label={texts.newFlag.name}
          description={texts.newFlag.nameHint}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
        />
        <Textarea
          label={texts.newFlag.description}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          autosize
        />
        <Checkbox.Group label={texts.newFlag.places} value={places} onChange={setChosen}>
          <Group mt="xs">
            {environments.map((name) => (
              <Checkbox key={name} value={name} label={name} />
            ))}
          </Group>
        </Checkbox.Group>
        {failure !== undefined && <Failure error={failure} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {texts.common.cancel}
          </Button>
          <Button type="submit" loading={isBusy} disabled={isKeyWrong || key === '' || places.length === 0}>
            {texts.newFlag.submit}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function firstBody(type: FlagType): FlagBody {
  if (type === 'boolean') {
    return { type, enabled: false, serve: 'on' };
  }
  const variants = VARIANTS[type];
  const [first = '', second = ''] = Object.keys(variants);
  return { type, enabled: false, variants, onVariant: first, offVariant: second, serve: first };
}
