// Compiled, not run: the same for require.

import tasker = require('tasker-engine');

tasker.handler('pay', async (step) => ({ attempt: step.attempt }));
const client: tasker.Client = new tasker.Client();
export const done: Promise<tasker.TaskRecord> = client.wait('id');
