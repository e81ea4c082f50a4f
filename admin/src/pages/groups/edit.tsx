// Editing a group or a holdout: who moves in which flag is shown before it is saved.

import { Modal, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { changeExclusion, type Exclusion, type ExclusionKind } from '../../api/exclusions';
import type { Place } from '../../api/queries';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { Moves, ruleIndex } from '../../ui/moves';
import { Failure, Loading } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';
import { Share } from '../flag/split-editor';

interface Props {
  place: Place;
  kind: ExclusionKind;
  item: Exclusion;
  onSaved: () => Promise<void>;
  onClose: () => void;
}

const SLOTS_PER_PERCENT = 1_000;

export function Edit({ place, kind, item, onSaved, onClose }: Props) {
  const [unit, setUnit] = useState(item.unit ?? '');
  const [percent, setPercent] = useState(item.percent ?? 0);
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const isChanged = unit !== (item.unit ?? '') || percent !== (item.percent ?? 0);
  const value = { unit: unit === '' ? null : unit, ...(kind === 'holdout' ? { percent } : {}) };
  const preview = useQuery({
    queryKey: ['exclusionPreview', place.project, place.environment, kind, item.key, value],
    queryFn: async () => (await changeExclusion(place, kind, item, value, { dryRun: true })).data,
    enabled: isChanged,
    retry: false,
    gcTime: 0,
  });
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await changeExclusion(place, kind, item, value, reason === '' ? {} : { reason });
      await onSaved();
      say(texts.groups.saved(item.key));
      onClose();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  const nameOf = (pointer: string) => {
    const index = ruleIndex(pointer);
    return index === undefined ? texts.rules.everybodyElse : texts.rules.name(undefined, index);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.groups.editTitle(item.key)}
      size="lg"
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <form className="stack" onSubmit={save}>
        <TextInput
          label={texts.groups.unit}
          description={texts.groups.unitHint}
          placeholder="user"
          value={unit}
          onChange={(event) => setUnit(event.currentTarget.value.trim())}
          spellCheck={false}
          data-autofocus
        />
        {kind === 'holdout' && (
          <div className="stack tight">
            <span>{texts.groups.percentLabel}</span>
            <Share
              label={texts.groups.percentLabel}
              weight={Math.round(percent * SLOTS_PER_PERCENT)}
              onChange={(weight) => setPercent(weight / SLOTS_PER_PERCENT)}
            />
          </div>
        )}
        <p className="dim small">{texts.groups.salt(item.salt)}</p>
        {isChanged && preview.isPending && <Loading lines={2} />}
        {isChanged && preview.isError && <Failure error={preview.error} retry={() => preview.refetch()} />}
        {isChanged && preview.data !== undefined && (
          <section className="stack tight" aria-labelledby="exclusion-moves">
            <h2 id="exclusion-moves">{texts.impact.title}</h2>
            <Moves moves={preview.data.moves ?? []} nameOf={nameOf} />
          </section>
        )}
        <ReasonField reason={reason} onReason={setReason} />
        {failure !== undefined && <Failure error={failure} />}
        <DialogActions
          label={texts.review.save}
          isBusy={isBusy}
          isDisabled={!isChanged || !preview.isSuccess}
          onCancel={onClose}
        />
      </form>
    </Modal>
  );
}
