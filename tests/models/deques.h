/*
 * An empty deque, whose ring is the model's next one. See rings.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
static void deque_make_empty(struct deque *deque, enum attention attention)
{
    store_relaxed(&deque->lock.locked, 0);
    store_relaxed(&deque->top, 0);
    store_relaxed(&deque->tail, 0);
    store_relaxed(&deque->split, 0);
    store_relaxed(&deque->attention, attention);
    store_relaxed(&deque->has_series, false);
    deque->series.count = 0;
    deque_init(deque);
}
