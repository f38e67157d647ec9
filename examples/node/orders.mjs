/**
 * The order workflow in Node: the same steps as in `examples/order`, in code.
 *
 * A handler may run more than once: a process can die after the work and before the result is recorded. So whatever must not
 * happen twice carries a key that stays the same, as the charge does below.
 */

import { PermanentError, RetryableError, workflow } from 'tasker-engine';

/** What a task is given. A request that breaks this creates nothing, and is told every mistake. */
const ORDER = {
  type: 'object',
  required: ['order_id', 'customer', 'items'],
  properties: {
    order_id: { type: 'string', minLength: 1 },
    customer: { type: 'string' },
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['sku', 'quantity', 'price_cents'],
        properties: {
          sku: { type: 'string' },
          quantity: { type: 'integer', minimum: 1 },
          price_cents: { type: 'integer', minimum: 0 },
        },
      },
    },
    gateway_failures: { type: 'integer', minimum: 0, default: 0 },
  },
};

const gateway = { strategy: 'exponential', baseSeconds: 0.8, multiplier: 2, maxSeconds: 30 };

export const processOrder = workflow(
  { name: 'process_order', namespace: 'shop', version: '3.0.0', schema: ORDER },
  (w) => {
    const validateCart = w.step('validate_cart', ({ context }) => {
      const total = context.items.reduce((sum, item) => sum + item.quantity * item.price_cents, 0);
      // Trying again will not help: the step fails for good, and so does the task.
      if (total === 0) throw new PermanentError('the cart is worth nothing', { errorCode: 'empty_cart' });
      return { total_cents: total };
    });

    const reserveStock = w.step('reserve_stock', { dependsOn: validateCart }, ({ context }) => ({
      reservation_id: `res-${context.order_id}`,
      skus: context.items.map((item) => item.sku),
    }));

    const chargePayment = w.step(
      'charge_payment',
      { dependsOn: validateCart, defaultRetryLimit: 5, retry: gateway, timeoutSeconds: 20 },
      async (step) => {
        const { order_id, gateway_failures } = step.context;
        if (step.attempt <= gateway_failures) {
          // Trying again may help: the engine does so after the wait that the workflow says.
          throw new RetryableError('the payment gateway answered 503', { errorCode: 'gateway_unavailable' });
        }
        const { total_cents } = await step.results(validateCart);
        return { charge_id: `ch-order-${order_id}`, amount_cents: total_cents, attempt: step.attempt };
      },
    );

    const createShipment = w.step('create_shipment', { dependsOn: [reserveStock, chargePayment] }, async (step) => {
      const { charge_id } = await step.results(chargePayment);
      return { tracking: `trk-${step.context.order_id}`, paid_with: charge_id };
    });

    w.step('send_receipt', { dependsOn: createShipment }, async (step) => {
      const { tracking } = await step.results(createShipment);
      return { sent_to: step.context.customer, tracking };
    });
  },
);
