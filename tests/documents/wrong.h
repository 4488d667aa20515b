/*
 * A header whose example is wrong: the control of tests/documents.sh.
 *
 *     ompg_group *group = ompg_new();
 *
 *     ompg_wait(group);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
