// Measures what issue 15 gives a budget for, with a processor that is four times as slow: how long until the flag table can be used, cold and
// with a warm cache, and how long a frame takes while 2,000 flags scroll. These are figures of one machine at one time, so no test asserts
// them: the tests count bytes, requests and rows instead (e2e/build.test.mjs, e2e/flags.test.mjs). Where the
// machine has other things to do, the clock tells more of those than of the page: then the processor time of the page's thread counts.
//
// usage: node admin/scripts/budget.mjs [ROUNDS]     after scripts/build.sh server

import { cpus, loadavg } from 'node:os';
import { ADMIN, Ui } from '../e2e/support/ui.mjs';

const ROUNDS = Number(process.argv[2] ?? 5);
const SLOW_DOWN = 4;
const FLAGS = 2_000;
const PATH = '/projects/default/flags';
const SCREENS = 40;

const ui = await Ui.start();
try {
  const lines = Array.from({ length: FLAGS }, (_, index) => [
    `many-${String(index).padStart(4, '0')}`,
    { type: 'boolean', enabled: index % 2 === 0, description: `The flag number ${index}` },
  ]);
  for (const environment of ['production', 'staging']) {
    const document = { schemaVersion: 1, flags: Object.fromEntries(lines) };
    await ui.api('PUT', `/environments/${environment}/document?mode=merge`, document);
  }
  const cold = [];
  const warm = [];
  const busy = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // A browser context of its own has an empty cache.
    const page = await ui.open('/api', { token: null });
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOW_DOWN });
    cold.push(await load(page, `#token=${ADMIN}`));
    // Code is compiled ahead only after it has been used a few times.
    for (let visit = 0; visit < 3; visit += 1) {
      await load(page, '');
    }
    warm.push(await load(page, ''));
    await ui.closePages();
    const fresh = await ui.open('/api', { token: null });
    const meter = await threadMeter(fresh);
    await load(fresh, `#token=${ADMIN}`);
    busy.push((await meter()) * SLOW_DOWN);
    await ui.closePages();
  }
  console.log(`load of the machine: ${loadavg()[0].toFixed(1)} on ${cpus().length} processors`);
  report('usable, cold: processor time', busy, 2_000);
  report('usable, cold', cold, 2_000);
  report('usable, warm', warm, 1_000);
  const page = await ui.open(PATH);
  await page.getByText('2,0', { exact: false }).first().waitFor();
  const meter = await threadMeter(page);
  const before = await meter();
  const { length } = await page.evaluate(scroll, SCREENS);
  report('frame while scrolling: processor time, on average', [(((await meter()) - before) * SLOW_DOWN) / length], 50);
  await page.evaluate(() => scrollTo(0, 0));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOW_DOWN });
  const frames = await page.evaluate(scroll, SCREENS);
  report('frame while scrolling', frames, 50);
  await ui.closePages();
} finally {
  await ui.stop();
}

/** Tells the milliseconds of processor time that the page's thread has used, which is not slowed down: that takes processor time itself */
async function threadMeter(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1_000;
  };
}

/** Milliseconds from the begin of the navigation until a switch of the table can be clicked and the page answers */
async function load(page, fragment) {
  await page.goto('about:blank');
  await page.goto(`${ui.url}${PATH}${fragment}`, { waitUntil: 'commit' });
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => {
          if (document.querySelector('.flags [role="switch"]') === null) {
            requestAnimationFrame(look);
          } else {
            // What runs until then blocks the page; what comes after it is answered.
            setTimeout(() => resolve(performance.now()));
          }
        };
        look();
      }),
  );
}

/** Milliseconds between frames while the table scrolls by a half of the screen in each */
async function scroll(screens) {
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let step = 0; step < screens * 2; step += 1) {
    scrollBy(0, innerHeight / 2);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}

function report(what, times, budget) {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share) => Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)]);
  const verdict = at(0.5) <= budget ? 'within' : 'ABOVE';
  console.log(
    `${what}: median ${at(0.5)} ms, 90 % ${at(0.9)} ms, most ${at(1)} ms; ${verdict} the budget of ${budget} ms`,
  );
}
