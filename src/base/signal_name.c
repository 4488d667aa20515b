/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE 1 /* all signals, with C11 */

#include "base/signal_name.h"

#include "base/text.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static const struct {
    int signo;
    const char *name;
} known[] = {
    {SIGHUP, "SIGHUP"},       {SIGINT, "SIGINT"},     {SIGQUIT, "SIGQUIT"},
    {SIGABRT, "SIGABRT"},     {SIGUSR1, "SIGUSR1"},   {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"},     {SIGALRM, "SIGALRM"},   {SIGTERM, "SIGTERM"},
    {SIGCHLD, "SIGCHLD"},     {SIGCONT, "SIGCONT"},   {SIGTSTP, "SIGTSTP"},
    {SIGTTIN, "SIGTTIN"},     {SIGTTOU, "SIGTTOU"},   {SIGURG, "SIGURG"},
    {SIGXCPU, "SIGXCPU"},     {SIGXFSZ, "SIGXFSZ"},   {SIGVTALRM, "SIGVTALRM"},
    {SIGPROF, "SIGPROF"},     {SIGWINCH, "SIGWINCH"}, {SIGIO, "SIGIO"},
#ifdef SIGPWR
    {SIGPWR, "SIGPWR"},
#endif
#ifdef SIGSTKFLT
    {SIGSTKFLT, "SIGSTKFLT"},
#endif
};

static const char *known_name(int signo)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].signo == signo)
            return known[i].name;
    return signo == SIGRTMIN ? "SIGRTMIN" : NULL; /* no constant */
}

void signal_name(char name[SIGNAL_NAME_SIZE], int signo)
{
    const char *short_name = known_name(signo);
    if (short_name) {
        text_copy(name, SIGNAL_NAME_SIZE, short_name);
        return;
    }
    bool real_time = signo > SIGRTMIN && signo <= SIGRTMAX;
    text_copy(name, SIGNAL_NAME_SIZE, real_time ? "SIGRTMIN+" : "signal ");
    text_append_number(name, SIGNAL_NAME_SIZE, (unsigned)(real_time ? signo - SIGRTMIN : signo));
}
