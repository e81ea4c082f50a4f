// A search whose text is in the address: what is typed is shown at once, and goes there when typing pauses.

import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';

const PAUSE_MS = 120;

interface Props {
  label: string;
  /** The text in the address */
  value: string;
  onSearch: (text: string) => void;
}

export function AddressSearch({ label, value, onSearch }: Props) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const search = useDebouncedCallback((typed: string) => {
    sent.current = typed;
    onSearch(typed);
  }, PAUSE_MS);
  // Another search than what was typed here, by a link or a button. What was typed since this one was sent stays.
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      search.cancel();
      setText(value);
    }
  }, [value, search]);
  return (
    <TextInput
      className="search"
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        search(event.currentTarget.value);
      }}
    />
  );
}
