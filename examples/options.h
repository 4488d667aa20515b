/*
 * Options on the command line, for programs whose subject is another one.
 *
 *     const struct option_rule rules[] = {
 *         {.name = "size", .count = &size, .least = 1, .most = 1000},
 *         {.name = "verbose", .flag = &verbose},
 *         {0},
 *     };
 *     int first = options_parse("program", usage, rules, argc, argv);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What the option --<name> does: it sets the one of these that is not NULL. */
struct option_rule {
    const char *name;
    char letter;        /* -<letter> does the same; 0: there is none */
    bool digits;        /* -1 to -9 set .count */
    bool *flag;         /* takes no value */
    const char **text;  /* takes any value */
    size_t *count;      /* takes a number from .least to .most */
    double *real;       /* takes a number from 0 to .most */
    size_t least, most; /* .most 0: no upper limit */
};

enum { OPTIONS_MOST = 15, OPTIONS_MISUSED = 2 };

/*
 * Sets what the options say; a rule without a name ends the rules, which are at most OPTIONS_MOST.
 * Returns the index in argv of the first argument that is no option: they have been moved to the
 * end. Prints the usage for --help and ends the program with status 0; reports wrong usage and ends
 * it with OPTIONS_MISUSED.
 */
int options_parse(const char *program, const char *usage, const struct option_rule *rules, int argc,
                  char **argv);

/* Reports an argument that the program has no use for, and ends it with OPTIONS_MISUSED. */
_Noreturn void options_reject(const char *program, const char *argument);

#endif
