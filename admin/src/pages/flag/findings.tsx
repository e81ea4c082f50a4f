import type { Finding } from '../../api/save-flag';
import { texts } from '../../texts';

/** What the lint finds at one place, the worst first */
export function Findings({ all }: { all: readonly Finding[] }) {
  const order = ['error', 'warning', 'info'];
  const sorted = all.toSorted((one, other) => order.indexOf(one.severity) - order.indexOf(other.severity));
  return sorted.map((each) => (
    <p
      key={each.code + each.pointer + each.message}
      className={each.severity === 'info' ? 'note small' : 'note warn small'}
    >
      {texts.rules.finding(each.message)} <span className="dim">{texts.rules.finding(each.hint)}</span>
    </p>
  ));
}
