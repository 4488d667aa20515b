/*
 * For the control of stems.sh: a header that declares what stands in another one's file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
void queue_pop(void);
