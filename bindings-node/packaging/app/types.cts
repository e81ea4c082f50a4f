import flagstaff = require('@flagstaff/node');
import evaluator = require('@flagstaff/node/evaluator');

const client: flagstaff.FlagClient = flagstaff.Client.fromDocument('{}');
const engine: evaluator.ConformanceEvaluator = evaluator.createEvaluator();
console.log(client.getBooleanValue('f', false), engine.engine);
