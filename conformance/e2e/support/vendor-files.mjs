// One file of each of six vendors, with the vendor's results for some contexts: the vendors' own test data, if they are beside this tree, and
// the results that conformance/vendors has pinned.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fromRoot } from './paths.mjs';

const SUITES = fromRoot('../shared/vendor-suites');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const suite = (path) => read(`${SUITES}/${path}`);
const isThere = existsSync(SUITES);

/**
 * Each has the `file`, `options` of the import, and what is `asked`: a flag, a context, perhaps the caller's default, and the value that the
 * vendor gives (`undefined` is the caller's default), or of a boolean flag perhaps whether it is `enabled`. `null` where the data are not there.
 */
export const VENDOR_FILES = {
  unleash: isThere ? unleash() : null,
  eppo: isThere ? eppo() : null,
  growthbook: isThere ? growthbook() : null,
  flagd: pinned('flagd', 'ids of fractional', { fractional: 2 }),
  launchdarkly: pinned('launchdarkly', 'segments'),
  flagsmith: pinned('flagsmith', 'percentage splits'),
};

/** Each toggle has a payload, or else it is only on or off (`enabled`); one test is about a toggle that does not exist. */
function unleash() {
  const { state, variantTests } = suite('unleash/specifications/08-variants.json');
  const names = new Set(state.features.map(({ name }) => name));
  const tests = variantTests.filter(({ toggleName }) => names.has(toggleName));
  const asked = tests.map(({ toggleName: flag, context, expectedResult: { payload, feature_enabled: enabled } }) => {
    const value = payload?.type === 'number' ? Number(payload.value) : payload?.value;
    return { flag, context, value, enabled };
  });
  return { file: state, asked };
}

/** But for a value that is an error only in the getter of integers, which not every client has. */
function eppo() {
  const file = suite('eppo/ufc/flags-v1.json');
  const folder = `${SUITES}/eppo/ufc/tests`;
  const names = readdirSync(folder).filter((name) => !name.includes('invalid-value'));
  const asked = names.flatMap((name) => {
    const { flag, defaultValue, subjects } = read(`${folder}/${name}`);
    return subjects.map(({ subjectKey, subjectAttributes, assignment }) => ({
      ...{ flag, default: defaultValue, value: assignment },
      context: { subjectKey, subjectAttributes },
    }));
  });
  return { file, asked };
}

/** Each condition is a feature, and so is each experiment of which the program decides nothing. */
function growthbook() {
  const { evalCondition, run } = suite('growthbook/cases.json');
  const file = { features: {}, experiments: [] };
  const asked = [];
  for (const [index, [, condition, context, value, groups]] of evalCondition.entries()) {
    if (groups === undefined) {
      const flag = `condition-${index}`;
      file.features[flag] = { defaultValue: false, rules: [{ force: true, condition }] };
      asked.push({ flag, context, value });
    }
  }
  for (const [index, [, context, experiment, value]] of run.entries()) {
    if (Object.keys(context).every((name) => name === 'attributes')) {
      const flag = `experiment-${index}`;
      file.experiments.push({ ...experiment, key: flag, seed: experiment.seed ?? experiment.key });
      asked.push({ flag, context: context.attributes ?? {}, value });
    }
  }
  return { file, asked };
}

/** A group of what the second implementation of a vendor answers; flags whose name is no key here are left out. */
function pinned(vendor, name, options = {}) {
  const groups = read(fromRoot(`conformance/vendors/${vendor}.json`));
  const { document, cases } = groups.find((group) => group.name === name);
  const isAsked = ({ flag, fractional = options.fractional }) =>
    /^[\w.-]+$/.test(flag) && fractional === options.fractional;
  const asked = cases
    .filter(isAsked)
    .map(({ flag, context, answer }) => ({ flag, context, value: answer.value ?? undefined }));
  return { file: document, options, asked };
}
