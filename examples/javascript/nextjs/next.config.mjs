import { withFlagstaff } from '@flagstaff/node/next';

export default withFlagstaff({});
