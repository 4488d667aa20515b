/* SPDX-License-Identifier: Apache-2.0 */
#include "base/caller.h"

#include "base/float_control.h"

#include <errno.h>
#include <pthread.h>

int caller_hold(void)
{
    int state = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

void caller_release(int state)
{
    int held;
    pthread_setcancelstate(state, &held);
}

void caller_enter(struct caller *caller)
{
    caller->saved_errno = errno;
    caller->cancel_state = caller_hold();
    caller->float_control = float_control_get();
}

void caller_leave(const struct caller *caller)
{
    float_control_set(caller->float_control);
    caller_release(caller->cancel_state);
    errno = caller->saved_errno;
}
