// For the worker command.
import { handler } from 'tasker-engine';

handler('pay', (step) => ({ attempt: step.attempt }));

handler('slow', async (step) => {
  process.stdout.write('begun\n');
  await new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
  return { cancelled: step.cancelled };
});

handler('hang', () => {
  process.stdout.write('begun\n');
  return new Promise(() => {});
});
