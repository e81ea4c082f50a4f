import { CodeEditor } from '../editor/code-editor';
import type { JsonSchema, Violation } from '../editor/schema';
import type { Json, JsonObject } from '../model/language';

interface Props {
  label: string;
  isLabelShown?: boolean;
  description?: string;
  value: JsonObject;
  schema?: JsonSchema | undefined;
  problems?: readonly Violation[];
  onChange: (value: JsonObject) => void;
}

/** An object as JSON */
export function ObjectField({ onChange, ...props }: Props) {
  return <CodeEditor {...props} isObject onChange={(value: Json) => onChange(value as JsonObject)} />;
}
