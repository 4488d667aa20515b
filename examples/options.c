/*
 * Options on the command line. See options.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static bool set_count(const struct option_rule *rule, const char *text)
{
    if (!isdigit((unsigned char)*text)) /* strtoumax would take "-1" as well */
        return false;
    char *end;
    errno = 0;
    uintmax_t value = strtoumax(text, &end, 10);
    size_t most = rule->most > 0 ? rule->most : SIZE_MAX;
    if (errno != 0 || *end != '\0' || value < rule->least || value > most)
        return false;
    *rule->count = (size_t)value;
    return true;
}

static bool set_real(const struct option_rule *rule, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    double most = rule->most > 0 ? (double)rule->most : HUGE_VAL;
    if (end == text || *end != '\0' || !(value >= 0 && value <= most))
        return false;
    *rule->real = value;
    return true;
}

static bool set(const struct option_rule *rule, const char *text)
{
    if (rule->count)
        return set_count(rule, text);
    if (rule->real)
        return set_real(rule, text);
    if (rule->text)
        *rule->text = text;
    else if (rule->flag)
        *rule->flag = true;
    return true;
}

/* The letters and digits for getopt_long(). */
static void spell(const struct option_rule *rules, char *letters)
{
    for (; rules->name; rules++) {
        if (rules->letter)
            *letters++ = rules->letter;
        if (rules->letter && !rules->flag)
            *letters++ = ':';
        for (char digit = '1'; rules->digits && digit <= '9'; digit++)
            *letters++ = digit;
    }
    *letters = '\0';
}

/* The rule that has this letter or digit. */
static int find(const struct option_rule *rules, int letter)
{
    int which = 0;
    while (rules[which].letter != letter && !(rules[which].digits && isdigit(letter)))
        which++;
    return which;
}

static _Noreturn void misused(const char *program)
{
    fprintf(stderr, "%s --help tells more\n", program);
    exit(OPTIONS_MISUSED);
}

void options_reject(const char *program, const char *argument)
{
    fprintf(stderr, "%s: unexpected argument '%s'\n", program, argument);
    misused(program);
}

static _Noreturn void reject_value(const char *program, const struct option_rule *rule,
                                   const char *text)
{
    fprintf(stderr, "%s: --%s takes a %s ", program, rule->name,
            rule->count ? "whole number" : "number");
    if (rule->most > 0)
        fprintf(stderr, "from %zu to %zu", rule->least, rule->most);
    else
        fprintf(stderr, "of at least %zu", rule->least);
    fprintf(stderr, ", not '%s'\n", text);
    misused(program);
}

int options_parse(const char *program, const char *usage, const struct option_rule *rules, int argc,
                  char **argv)
{
    struct option known[OPTIONS_MOST + 2] = {0};
    char letters[(size_t)2 * OPTIONS_MOST + sizeof "123456789"];
    int count = 0;
    int which;
    spell(rules, letters);
    for (; rules[count].name; count++) {
        int value = rules[count].flag ? no_argument : required_argument;
        known[count] = (struct option){rules[count].name, value, &which, count};
    }
    known[count] = (struct option){"help", no_argument, &which, count};
    int letter; /* 0: a name */
    /* Options with the same flag and value would be one under two names, and "--t" not ambiguous. */
    while ((letter = getopt_long(argc, argv, letters, known, NULL)) != -1) {
        if (letter == '?')
            misused(program);
        if (letter != 0)
            which = find(rules, letter);
        if (which == count) {
            fputs(usage, stdout);
            exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        const char digit[] = {(char)letter, '\0'};
        const char *value = isdigit(letter) ? digit : optarg;
        if (!set(&rules[which], value))
            reject_value(program, &rules[which], value);
    }
    return optind;
}
