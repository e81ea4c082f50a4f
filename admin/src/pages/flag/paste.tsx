import { Button, Modal, Select } from '@mantine/core';
import { useDeferredValue, useMemo, useState } from 'react';
import { loadOverrides } from '../../api/overrides';
import type { Place } from '../../api/queries';
import { type FlagRead, levelsOf, variantsOf } from '../../model/language';
import { readPaste, toLines } from '../../model/paste';
import { texts } from '../../texts';
import { LinesField } from '../../ui/lines-field';
import { OverrideValue, overrideChoices, parseOverride } from '../../ui/override-value';
import { Failure } from '../../ui/parts';
import { say } from '../../ui/toasts';

/** Bad lines that are listed; all are counted */
const LISTED = 20;

interface Props {
  place: Place;
  flag: FlagRead;
  onClose: () => void;
}

/** Pastes many overrides: bad lines are listed by number, and the good ones are stored together or not at all. */
export function Paste({ place, flag, onClose }: Props) {
  const levels = levelsOf(flag);
  const [level, setLevel] = useState(levels[0] ?? 'user');
  const [choice, setChoice] = useState(overrideChoices(flag)[0]?.value ?? 'include');
  const [text, setText] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const read = useDeferredValue(text);
  const { good, bad } = useMemo(
    () => readPaste(read, parseOverride(choice), Object.keys(variantsOf(flag))),
    [read, choice, flag],
  );

  const load = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      await loadOverrides(place, flag.key, toLines(level, good), false);
      say(texts.overrides.loaded(good.length));
      onClose();
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={texts.overrides.pasteTitle}
      size="lg"
      closeButtonProps={{ 'aria-label': texts.common.close }}
    >
      <div className="stack">
        <div className="row bottom">
          <Select
            label={texts.overrides.level}
            data={levels}
            value={level}
            allowDeselect={false}
            onChange={(value) => value !== null && setLevel(value)}
          />
          <OverrideValue flag={flag} label={texts.overrides.linesGet} value={choice} onChange={setChoice} />
        </div>
        <LinesField
          label={texts.overrides.lines}
          description={texts.overrides.linesHint}
          rows={10}
          classNames={{ input: 'code' }}
          text={text}
          onText={setText}
          data-autofocus
        />
        <input
          type="file"
          accept=".csv,.txt,text/plain,text/csv"
          aria-label={texts.overrides.file}
          onChange={async (event) => {
            const file = event.currentTarget.files?.[0];
            if (file !== undefined) {
              setText(await file.text());
            }
          }}
        />
        <p role="status">{texts.overrides.preview(good.length, bad.length)}</p>
        {bad.length > 0 && (
          <ul className="small note warn">
            {bad.slice(0, LISTED).map(({ line, text: wrong, why }) => (
              <li key={line}>{texts.overrides.badLine(line, wrong.slice(0, 60), why)}</li>
            ))}
          </ul>
        )}
        {failure !== undefined && <Failure error={failure} />}
        <div>
          <Button loading={isBusy} disabled={good.length === 0} onClick={load}>
            {texts.overrides.load(good.length)}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
