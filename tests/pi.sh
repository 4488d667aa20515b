#!/usr/bin/env bash
# The pi program: the same digits for any number of threads, near those of its twin and of a model in
# Perl, near pi.
#
#     tests/pi.sh <program>
#
# Prints a TAP line for each test; the exit status is 1 when one failed.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

# The estimate of the last run differs from a number by less than that.
near() {
    awk -v number="$1" -v most="$2" '
        { difference = $1 - number; exit !(difference < most && -difference < most) }' "$out"
}

# As many standard errors as no honest estimate is off.
near_pi() {
    near 3.14159265358979 "$(awk '{ print 5 * $3 }' "$out")"
}

# model <draws> <seed>: the mean of the draws, one after the other.
model() {
    perl -e '
        my ($draws, $seed) = @ARGV;
        sub height { 4 * sqrt(1 - ((($_[0] << 32 | $_[1]) >> 11) / 2 ** 53) ** 2) }
        for my $index (0 .. $draws - 1) {
            my @word = ($index & 0xFFFFFFFF, $index >> 32, 0, 0);
            my @key = ($seed & 0xFFFFFFFF, $seed >> 32);
            for (1 .. 10) {
                my ($even, $odd) = (0xD2511F53 * $word[0], 0xCD9E8D57 * $word[2]);
                @word = ($odd >> 32 ^ $word[1] ^ $key[0], $odd & 0xFFFFFFFF,
                    $even >> 32 ^ $word[3] ^ $key[1], $even & 0xFFFFFFFF);
                @key = (($key[0] + 0x9E3779B9) & 0xFFFFFFFF, ($key[1] + 0xBB67AE85) & 0xFFFFFFFF);
            }
            $sum += (height(@word[0, 1]) + height(@word[2, 3])) / 2;
        }
        printf "%.17g\n", $sum / $draws;' "$@"
}

# ThreadSanitizer does not see how OpenMP's own loops are joined.
run_plain() {
    TSAN_OPTIONS=$TSAN_OPTIONS:report_bugs=0 run --plain "$@"
}

same_digits() {
    local draws threads round
    for draws in 2 3 1000 1023 1025 50000; do
        run --draws $draws --threads 1
        cp "$out" expected
        ok "$draws draws: form" grep -qE '^[0-9]\.[0-9]{10,} \+- [0-9.e-]+$' expected
        for threads in 2 7; do
            for round in 1 2; do
                run --draws $draws --threads $threads
                ok "$draws draws, $threads threads, round $round: same digits" same expected
            done
        done
        OMP_NUM_THREADS=3 run --draws $draws
        ok "$draws draws, OMP_NUM_THREADS: same digits" same expected
        run_plain --draws $draws --threads 2
        ok "$draws draws: the twin is near" near "$(cut -d ' ' -f 1 expected)" 1e-10
        ok "$draws draws: so is its error" cmp <(cut -d ' ' -f 3 "$out") <(cut -d ' ' -f 3 expected)
    done
}

near_the_truth() {
    local seed
    for seed in 0 1 12345678901 18446744073709551615; do
        run --draws 1000 --seed $seed
        ok "seed $seed: as the model" near "$(model 1000 $seed)" 1e-10
        run --draws 50000 --seed $seed
        ok "seed $seed: near pi" near_pi
        cat "$out" >>estimates
    done
    ok 'each seed has digits of its own' [ -z "$(sort estimates | uniq -d)" ]
}

usage() {
    local wrong
    for wrong in '--draws 1' '--draws -2' '--draws x' '--seed -1' '--seed 18446744073709551616' \
        '--threads 1.5' '--threads' '--unknown' 'operand'; do
        # shellcheck disable=SC2086
        misused $wrong
    done
    run --help
    ok '--help' ended 0
    ok '--help prints the options' grep -q -e '--plain' "$out"
}

same_digits
near_the_truth
usage
unwritable --draws 1000
finish
