#!/usr/bin/env bash
# The heat program: both of its versions against each other and against a model in Perl, and how it
# stops when the numbers diverge.
#
#     tests/heat.sh <program>
#
# Prints a TAP line for each test; the exit status is 1 when one failed.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

# ThreadSanitizer does not see how the parallel regions of a program are joined.
export TSAN_OPTIONS=$TSAN_OPTIONS:report_bugs=0

# model <size> <steps> <alpha> <picture>: serial, point by point. Writes the picture, or prints the
# first step and row in which the sum of squares says that a point is out of bounds.
model() {
    perl -e '
        my ($n, $steps, $alpha, $path) = @ARGV;
        sub distance { sqrt($_[0] ** 2 + $_[1] ** 2) }
        my @now = map { [(0) x ($n + 2)] } 0 .. $n + 1;
        for my $row (1 .. $n) {
            for my $i (1 .. $n) {
                my ($x, $y) = (($i - 0.5) / $n, ($row - 0.5) / $n);
                $now[$row][$i] = 1 if abs(distance($x - 0.5, $y - 0.5) - 0.3) < 0.06
                    || distance($x - 0.88, $y - 0.12) < 0.06;
            }
        }
        for my $step (1 .. $steps) {
            my @next = map { [@$_] } @now;
            for my $row (1 .. $n) {
                my ($here, $sum) = ($now[$row], 0);
                for my $i (1 .. $n) {
                    my $around = $now[$row - 1][$i] + $now[$row + 1][$i] + $here->[$i - 1]
                        + $here->[$i + 1] - 4 * $here->[$i];
                    $sum += ($next[$row][$i] = $here->[$i] + $alpha * $around) ** 2;
                }
                if (!($sum <= 2 * $n)) {
                    print "step $step: row $row has diverged\n";
                    exit;
                }
            }
            @now = @next;
        }
        sub shade { my $x = $_[0] < 0 ? 0 : $_[0] > 1 ? 1 : $_[0]; chr(255 * $x + 0.5) }
        open my $file, ">:raw", $path or die "$path: $!";
        print $file "P6\n$n $n\n255\n";
        for my $row (@now[1 .. $n]) {
            print $file shade(3 * $_), shade(3 * $_ - 1), shade(3 * $_ - 2) for @$row[1 .. $n];
        }
        close $file or die "$path: $!";' "$@"
}

# compare <size> <steps>
compare() {
    local size=$1 steps=$2 threads
    model "$size" "$steps" 0.2 model.ppm
    run --size "$size" --steps "$steps" --threads 1 --plain --output picture.ppm
    ok "size $size, $steps steps: plain is as the model" cmp picture.ppm model.ppm
    for threads in 1 2 7; do
        rm picture.ppm
        run --size "$size" --steps "$steps" --threads $threads --output picture.ppm
        ok "size $size, $steps steps, $threads threads: status" ended 0
        ok "size $size, $steps steps, $threads threads: as the model" cmp picture.ppm model.ppm
        run --size "$size" --steps "$steps" --threads $threads --compare
        ok "size $size, $steps steps, $threads threads: status of --compare" ended 0
        ok "size $size, $steps steps, $threads threads: same bits" says 'fields are the same$'
    done
}

same_fields() {
    compare 1 3
    compare 2 10
    compare 7 0
    compare 33 40
    compare 100 20
}

# diverge <size> <alpha>: the message names the same step and row for any number of threads.
diverge() {
    local size=$1 alpha=$2 threads first
    first=$(model "$size" 1000 "$alpha" model.ppm)
    for threads in 1 2 7; do
        rm -f picture.ppm
        run --size "$size" --alpha "$alpha" --threads $threads --output picture.ppm
        ok "size $size, alpha $alpha, $threads threads: status" ended 1
        ok "size $size, alpha $alpha, $threads threads: $first" says "^heat: $first: "
        ok "size $size, alpha $alpha, $threads threads: no picture" [ ! -e picture.ppm ]
        run --size "$size" --alpha "$alpha" --threads $threads --compare
        ok "size $size, alpha $alpha, $threads threads, --compare: status" ended 1
    done
    OMP_NUM_THREADS=3 run --size "$size" --alpha "$alpha" --plain
    ok "size $size, alpha $alpha: the plain version does not see it" ended 0
}

divergence() {
    diverge 20 1
    diverge 40 0.5
    diverge 64 0.3
}

unwritable_picture() {
    run --size 10 --steps 1 --output nowhere/picture.ppm
    ok 'no such directory: status' ended 1
    ok 'no such directory: reported' says '^heat: nowhere/picture.ppm: No such file or directory$'
    if [ -c /dev/full ]; then
        run --size 100 --steps 1 --output /dev/full
        ok 'full disk: status' ended 1
        ok 'full disk: reported' says '^heat: /dev/full: No space left on device$'
    fi
}

usage() {
    local wrong
    for wrong in '--size 0' '--size 65537' '--size -1' '--steps x' '--steps 1e3' '--alpha nan' \
        '--alpha -0.1' '--alpha 1.1' '--alpha 0.1x' '--threads' '--unknown' 'operand'; do
        # shellcheck disable=SC2086
        misused $wrong
    done
    misused --alpha ''
    run --help
    ok '--help' ended 0
    ok '--help prints the options' grep -q -e '--alpha' "$out"
}

same_fields
both_ways divergence
unwritable_picture
usage
little_memory /dev/null nothing --threads 1 --size 2000 --steps 1 --compare
finish
