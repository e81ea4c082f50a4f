import flagstaff = require('@flagstaff/web/local');

const offline: Promise<flagstaff.Client> = flagstaff.Client.fromDocument('{}');
console.log(offline);
