/*
 * Deques of a model: their rings lie in it, as `slots`, because Relacy makes it anew for each schedule.
 * Before what is taken of the source; deques.h comes after it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
struct model;
static struct model *the;
struct task;
static void *model_ring();
#define memory_new(size) model_ring()
#define free(memory) ((void)0)
