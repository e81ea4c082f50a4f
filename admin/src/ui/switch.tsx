// A switch of plain elements: a table shows thousands, and a library's component in each cell makes scrolling ten times slower.

import { texts } from '../texts';

interface Props {
  isOn: boolean;
  /** Names what is switched, and stays the same when it is */
  label: string;
  isDisabled?: boolean;
  onSwitch: (isOn: boolean) => void;
}

export function Switch({ isOn, label, isDisabled = false, onSwitch }: Props) {
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={isOn}
      aria-label={label}
      aria-disabled={isDisabled}
      onClick={(event) => {
        event.stopPropagation();
        if (!isDisabled) {
          onSwitch(!isOn);
        }
      }}
    >
      <span className="track" aria-hidden="true">
        <span className="thumb" />
      </span>
      <span aria-hidden="true" className="word" data-word={isOn ? texts.flags.states.on : texts.flags.states.off} />
    </button>
  );
}
