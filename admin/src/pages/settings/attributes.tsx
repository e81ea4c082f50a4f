// Whether an environment records the attributes of contexts, and of which it records no values

import { Button, Modal, TagsInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Place, settings } from '../../api/queries';
import { get, request, type Schemas } from '../../api/request';
import { showLiteral } from '../../model/condition';
import type { Json } from '../../model/language';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { explain, Failure, Loading } from '../../ui/parts';
import { Switch } from '../../ui/switch';
import { Table } from '../../ui/table';
import { complain, say } from '../../ui/toasts';

const BASE = '/api/v1/projects/{project}/environments/{environment}';
const words = texts.settings;
/** More are not recorded */
const ALL = 200;

export function RecordedAttributes({ project, environment }: { project: string; environment: string }) {
  const place = { project, environment };
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const query = useQuery(settings(place));
  const put = async (body: { recordAttributes?: boolean; privateAttributes?: readonly string[] }) => {
    await request('put', `${BASE}/settings`, { path: place, body });
    await client.invalidateQueries({ queryKey: settings(place).queryKey });
    await client.invalidateQueries({ queryKey: ['attributes', project, environment] });
  };
  const set = async (recordAttributes: boolean) => {
    setBusy(true);
    try {
      await put({ recordAttributes });
      say(recordAttributes ? words.recordingBegun(environment) : words.recordingEnded(environment));
    } catch (error) {
      complain(explain(error));
    }
    setBusy(false);
  };
  if (query.data === undefined) {
    return query.isError ? <span>{explain(query.error)}</span> : <Loading lines={1} />;
  }
  const { recordAttributes, privateAttributes } = query.data;
  return (
    <span className="stack tight">
      <Switch
        isOn={recordAttributes}
        label={words.recordLabel(environment)}
        onSwitch={(isOn) => {
          if (!isBusy) {
            void set(isOn);
          }
        }}
      />
      <Button
        size="compact-sm"
        variant="default"
        aria-label={words.privateLabel(environment)}
        onClick={() => setOpen(true)}
      >
        {words.privateAttributes}
      </Button>
      {isOpen && (
        <Private
          place={place}
          names={privateAttributes}
          onSubmit={(names) => put({ privateAttributes: names })}
          onClose={() => setOpen(false)}
        />
      )}
    </span>
  );
}

interface PrivateProps {
  place: Place;
  names: readonly string[];
  onSubmit: (names: readonly string[]) => Promise<void>;
  onClose: () => void;
}

function Private({ place, names, onSubmit, onClose }: PrivateProps) {
  const [edited, setEdited] = useState([...names]);
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const query = useQuery({
    queryKey: ['attributes', place.project, place.environment],
    queryFn: ({ signal }) => get(`${BASE}/attributes`, { path: { ...place }, query: { limit: ALL }, signal }),
  });
  const seen = query.data?.items ?? [];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await onSubmit(edited);
      say(words.privateSaved(place.environment));
      onClose();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={words.privateTitle(place.environment)}
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form className="stack" onSubmit={submit}>
        <TagsInput
          label={words.privateNames}
          description={words.privateHint}
          value={edited}
          data={seen.map(({ attribute }) => attribute)}
          onChange={setEdited}
          splitChars={[',', ' ', '\n']}
          acceptValueOnBlur
          openOnFocus={false}
          comboboxProps={{ withinPortal: false }}
          data-autofocus
        />
        {query.isError && <Failure error={query.error} retry={() => query.refetch()} />}
        {query.isPending && !query.isError && <Loading lines={2} />}
        {query.data !== undefined &&
          (seen.length === 0 ? <p className="dim">{words.nothingSeen}</p> : <Seen all={seen} />)}
        {failure !== undefined && <Failure error={failure} />}
        <DialogActions label={words.privateSave} isBusy={isBusy} onCancel={onClose} />
      </form>
    </Modal>
  );
}

function Seen({ all }: { all: readonly Schemas['SeenAttribute'][] }) {
  return (
    <Table caption={words.seen} columns={[words.seenColumns.name, words.seenColumns.types, words.seenColumns.values]}>
      {all.map(({ attribute, types, values }) => (
        <tr key={attribute}>
          <td>{attribute}</td>
          <td>{types.join(', ')}</td>
          <td>{(values as readonly Json[]).map(showLiteral).join(', ')}</td>
        </tr>
      ))}
    </Table>
  );
}
