// A field for lines, such as keys, that may be pasted by the hundred thousand. A browser takes minutes to lay out so many, so they are only counted.

import { Button, Textarea, type TextareaProps } from '@mantine/core';
import { texts } from '../texts';
import { takeFocus } from './take-focus';

const SHOWN_LENGTH = 100_000;

interface Props extends Omit<TextareaProps, 'value' | 'onChange' | 'onPaste'> {
  text: string;
  onText: (text: string) => void;
}

export function LinesField({ text, onText, ...field }: Props) {
  if (text.length > SHOWN_LENGTH) {
    return (
      <div className="row">
        <span>{texts.common.manyLines(text.split('\n').length)}</span>
        <Button variant="default" size="xs" ref={takeFocus} onClick={() => onText('')}>
          {texts.common.clear}
        </Button>
      </div>
    );
  }
  return (
    <Textarea
      {...field}
      spellCheck={false}
      value={text}
      onChange={(event) => onText(event.currentTarget.value)}
      onPaste={(event) => {
        const pasted = event.clipboardData.getData('text/plain');
        if (pasted.length > SHOWN_LENGTH) {
          event.preventDefault();
          onText(text === '' ? pasted : `${text}\n${pasted}`);
        }
      }}
    />
  );
}
