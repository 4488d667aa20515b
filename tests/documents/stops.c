/*
 * Around a group that listens to a signal: it must end with the signal's code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <errno.h>
#include <signal.h>

static int interrupt(ompg_group *group, void *arg)
{
    (void)arg;
    raise(SIGINT);
    return ompg_stopped(group) ? 0 : 1;
}

int main(void)
{
    //@ snippet

    ompg_go(group, interrupt, NULL);
    int code = ompg_wait(group);
    ompg_free(group);
    ompg_token_off_signal(&token, SIGINT);
    return code == EINTR && ompg_token_get_signal(&token) == SIGINT ? 0 : 1;
}
