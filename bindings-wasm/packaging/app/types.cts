import flagstaff = require('@flagstaff/web/local');

const offline: Promise<flagstaff.FlagClient> = flagstaff.Client.fromDocument('{}');
console.log(offline);
