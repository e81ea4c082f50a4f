// A test of an application, as its developers write it.

import { useFlag } from '@flagstaff/react';
import { setFlags, TestFlags } from '@flagstaff/react/testing';
import * as React from 'react';
import { createRoot } from 'react-dom/client';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
const root = document.getElementById('root');

function Button() {
  return <button type="button">{useFlag('button', 'Buy')}</button>;
}

globalThis.steps = [];
const see = () => globalThis.steps.push(root.textContent);
React.act(() => {
  createRoot(root).render(
    <TestFlags values={{ button: 'Order' }}>
      <Button />
    </TestFlags>,
  );
});
see();
setFlags({ button: 'Pay' });
see();
setFlags({ button: 1 });
see();
