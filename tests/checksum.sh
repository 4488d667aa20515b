#!/usr/bin/env bash
# The checksum program against find, sort and the system's cksum, and every way that it can end.
#
#     tests/checksum.sh <program>
#
# Prints a TAP line for each test; the exit status is 1 when one failed. It waits for events, never
# for time to pass: what must not be over before a signal arrives is a sparse file that no machine
# reads in the time that a test may take.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck source-path=SCRIPTDIR
scripts=$(realpath "$(dirname "$0")/../scripts")
. "$(dirname "$0")/tap.sh"

# What must be printed for a directory or file.
expect() {
    find "$1" -type f -print0 | sort -z | xargs -0 -r cksum
}

# The lines of $out are some of those of the file, in the same order, and complete.
part_of() {
    [ -z "$(diff "$1" "$out" | grep '^>')" ] || return 1
    [ ! -s "$out" ] || [ "$(tail -c 1 "$out" | od -An -tx1)" = " 0a" ]
}

# Every line of standard error but the summary.
complaints() {
    grep -v 'files done' "$err"
}

# The state of a process's first thread: S when it waits, T when it has been stopped.
state() {
    sed 's/.*) //; s/ .*//' "/proc/$1/stat"
}

stopped() {
    [ "$(state "$1")" = T ]
}

# until_true <pid> <command...>: as soon as the command succeeds; fails when the process is gone.
until_true() {
    local pid=$1
    shift
    while ! "$@"; do
        kill -0 "$pid" 2>/dev/null || return 1
    done
}

# ---------------------------------------------------------------------------------------------------

# Sizes around the steps of the CRC, the pieces that are read (256 KiB) and the parts (4 MiB).
make_sizes() {
    local size
    mkdir "$1"
    head -c 13000000 /dev/urandom >random
    for size in 0 1 2 3 15 16 17 63 64 65 255 256 257 511 512 513 1023 4095 4096 4097 65535 65536 \
        262143 262144 262145 524287 524288 524289 1000000 4194303 4194304 4194305 \
        4456448 8388607 8388608 8388609 12582912 12999999; do
        head -c "$size" random >"$1/$size"
    done
    rm random
}

make_names() {
    local name
    # shellcheck disable=SC2016
    mkdir "$1" "$1/a" "$1/empty directory" "$1/-d" "$1/\$(touch x)" "$1/"$'line\nbreak'
    # shellcheck disable=SC2016
    for name in 'two  spaces' ' ' $'new\nline' $'\n' '-n' '--help' $'\xff\xfe' $'caf\xe9' 'ünï' '*' \
        '?' '[a]' '\n' "'" '"' '`' $'\t' $'\x01' '~' '...' 'a-b' 'a.c' 'a/x' 'a/a' 'a0' 'A' 'ab' \
        '-d/-n' $'line\nbreak/\\' '$(touch x)/;' "$(printf 'n%.0s' {1..255})"; do
        printf '%s' "$name" >"$1/$name"
    done
    : >"$1/empty"
    ln "$1/a.c" "$1/hard link"
}

make_specials() {
    mkdir -p "$1/real/below" outside
    echo inside >"$1/real/below/file"
    echo outside >outside/file
    ln -s real/below/file "$1/to a file"
    ln -s real "$1/to a directory"
    ln -s ../../outside "$1/real/out"
    ln -s .. "$1/real/below/up"
    ln -s nowhere "$1/dangling"
    ln -s loop "$1/loop"
    mkfifo "$1/real/fifo"
}

make_many() {
    local i j
    mkdir "$1" "$1/flat"
    for ((i = 0; i < 3000; i++)); do
        echo "$i" >"$1/flat/$i"
    done
    for ((i = 0; i < 200; i++)); do
        mkdir -p "$1/wide/$i/d"
        for ((j = 0; j < 5; j++)); do
            echo "$i $j" >"$1/wide/$i/d/$j"
        done
    done
    local deep=$1/deep
    for ((i = 0; i < 60; i++)); do
        deep+=/d
        mkdir -p "$deep"
        echo "$i" >"$deep/f"
    done
}

same_as_cksum() {
    local tree options
    make_sizes sizes
    make_names names
    make_specials specials
    make_many many
    for tree in sizes names specials many; do
        expect $tree >$tree.expected
        for options in '--threads 1' '--threads 2' '--threads 7' '--threads 2 --limit 1' \
            '--threads 7 --limit 1' '--threads 7 --limit 3' '--threads 2 --budget 5e6' \
            '--threads 7 --budget 1'; do
            # shellcheck disable=SC2086
            run $options $tree
            ok "$tree $options" same $tree.expected
            ended 0 || ok "$tree $options: status" ended 0
        done
    done
    run --threads 4 --limit 3 --budget 100000 --timeout 1000 --keep-going many
    ok 'all options at once' same many.expected
    ok 'all options at once: status' ended 0
    ok 'summary' says "^checksum: $(wc -l <many.expected) files done, 0 skipped, 0 paths failed, 0 \
directories not read; $(awk '{ n += $2 } END { print n }' many.expected) bytes in [0-9.]* s, \
[0-9.]* MB/s, 4 threads\$"
}

roots() {
    local root
    for root in names/ names// ./names ../"${work##*/}"/names "$work/names" names/a/.. names/a.c; do
        expect "$root" >expected
        run "$root"
        ok "DIR $root" same expected
    done
    expect names >expected
    run names --threads 2
    ok 'an option after DIR' same expected
    run --threads 2 -- names
    ok 'an option, -- and DIR' same expected
    expect /usr/include >expected
    run --threads 2
    ok 'no DIR' same expected
    cp -r names ./-names
    expect ./-names | sed 's| \./| |' >expected
    run -- -names
    ok 'DIR with a dash' same expected

    ln -s names link
    run link
    ok 'a symbolic link as DIR is refused' ended 1
    ok 'and how to follow it is said' says "append '/'"
    expect link/ >expected
    run link/
    ok 'DIR link/' same expected
    run nowhere
    ok 'no such DIR' ended 1
    ok 'no such DIR is named' says '^checksum: nowhere: No such file or directory$'
    ok 'no such DIR: summary' says '^checksum: 0 files done, 0 skipped, 1 paths failed'
    run /dev/null
    ok 'a device as DIR' ended 1
    mkdir nothing
    run nothing
    ok 'an empty DIR' ended 0
    ok 'an empty DIR prints nothing' same /dev/null
}

usage() {
    local wrong
    for wrong in '--threads -1' '--threads x' '--threads 1.5' '--threads 3000000000' '--limit -1' \
        '--limit nan' '--budget -1' '--budget 1x' '--timeout nan' '--timeout -0.1' '--timeout' \
        '--unknown' 'names many'; do
        # shellcheck disable=SC2086
        run $wrong
        ok "wrong usage: $wrong" ended 2
        ok "wrong usage: $wrong prints no lines" same /dev/null
    done
    run --threads ''
    ok 'wrong usage: an empty number' ended 2
    run --threads 1.5
    ok 'what a number with a range takes' \
        says "^checksum: --threads takes a whole number from 0 to 2147483647, not '1.5'\$"
    run --timeout -1
    ok 'what a number without a range takes' \
        says "^checksum: --timeout takes a number of at least 0, not '-1'\$"
    run --t 2 names
    ok 'an ambiguous option' ended 2
    ok 'an ambiguous option: what it may be' says "ambiguous.*'--threads'.*'--timeout'"
    run --th 2 names
    ok 'an option cut short' ended 0
    run names many
    ok 'a second DIR is named' says "^checksum: unexpected argument 'many'\$"
    run --help
    ok '--help' ended 0
    ok '--help prints the options' grep -q -e '--keep-going' "$out"
}

# The scripts around the program say what they take before they do anything.
scripts_usage() {
    local wrong
    for wrong in 'setup.sh wrong' 'setup.sh build test' 'demo-speed.sh x' 'demo-speed.sh 0' \
        'demo-speed.sh 3 nowhere' 'demo-speed.sh 3 many 4'; do
        # shellcheck disable=SC2086
        "$scripts"/$wrong >"$out" 2>"$err"
        status=$?
        ok "wrong usage: scripts/$wrong" ended 2
        ok "wrong usage: scripts/$wrong: what is right" says "^Usage: scripts/${wrong%% *} "
    done
}

# demo.sh between stand-ins for what it calls, called by another name from another directory.
demo_by_link() {
    mkdir -p copy/scripts copy/programs
    cp "$scripts/demo.sh" copy/scripts
    printf '#!/bin/sh\necho "building $*" >&2\necho %s\n' "$PWD/copy/programs" >copy/scripts/build-examples.sh
    printf '#!/bin/sh\necho "running $*"\n' >copy/programs/checksum
    chmod +x copy/scripts/* copy/programs/*
    ln -s copy/scripts/demo.sh 'a demo'
    './a demo' --threads 2 names >"$out" 2>"$err"
    status=$?
    ok 'demo.sh by a link' ended 0
    ok 'demo.sh by a link: builds' says '^building checksum$'
    ok 'demo.sh by a link: runs' grep -qx 'running --threads 2 names' "$out"
}

# ---------------------------------------------------------------------------------------------------

# failing <tree> <expected lines> <failing paths, sorted> <errno's text>: both policies.
failing() {
    local tree=$1 lines=$2 paths=$3 reason=$4 threads
    sed "s|^\(.*\)\$|checksum: \1: $reason|" "$paths" >reports
    for threads in 1 2 8; do
        run --threads $threads --keep-going "$tree"
        ok "$reason, threads $threads, --keep-going: status" ended 1
        ok "$reason, threads $threads, --keep-going: all other lines" same "$lines"
        complaints >complained
        ok "$reason, threads $threads, --keep-going: every failing path" cmp complained reports
        ok "$reason, threads $threads, --keep-going: summary" \
            says "^checksum: $(wc -l <"$lines") files done, 0 skipped, $(wc -l <"$paths") paths failed"

        run --threads $threads "$tree"
        complaints >complained
        ok "$reason, threads $threads: status" ended 1
        ok "$reason, threads $threads: one path is reported" [ "$(wc -l <complained)" -eq 1 ]
        ok "$reason, threads $threads: one that fails" grep -qxFf reports complained
        ok "$reason, threads $threads: the lines are right" part_of "$lines"
    done
}

# Root reads everything, unless it has given that right away.
unreadable() {
    local name='permission denied'
    cp -r many denied
    rm -r denied/deep denied/flat/1[0-9]*
    chmod 000 denied/flat/20 denied/flat/999 denied/wide/17 denied/wide/3/d
    chmod 111 denied/wide/5
    if [ "$(id -u)" -eq 0 ]; then
        wrapper=(setpriv '--bounding-set=-dac_override,-dac_read_search')
        if ! "${wrapper[@]}" true 2>/dev/null || "${wrapper[@]}" cat denied/flat/20 2>/dev/null; then
            skip "$name" 'root cannot give up its rights here'
            wrapper=()
            return
        fi
    fi
    printf 'denied/%s\n' flat/20 flat/999 wide/17 wide/3/d wide/5 >paths
    expect many | sed 's| many/| denied/|' |
        grep -v -e ' denied/deep/' -e ' denied/flat/1[0-9]' -e ' denied/wide/17/' \
            -e ' denied/wide/3/' -e ' denied/wide/5/' -e ' denied/flat/20$' \
            -e ' denied/flat/999$' >lines
    both_ways failing denied lines paths 'Permission denied'
    wrapper=()
}

# Paths that no system call takes: they fail for root too.
too_long() {
    perl -e '
        my ($path, $name) = ("long", "d" x 200);
        mkdir "long" and chdir "long" or die;
        while (length $path < 3850) {
            open my $file, ">", "short" or die;
            mkdir $name and chdir $name or die;
            $path .= "/$name";
        }
        open my $file, ">", "f" x 250 or die;
        mkdir "e" x 250 and chdir "e" x 250 or die;
        open $file, ">", "below" or die;
        print "$path/", "e" x 250, "\n$path/", "f" x 250, "\n";' >paths
    find long -name short -print0 | sort -z | xargs -0 cksum >lines
    both_ways failing long lines paths 'File name too long'
}

# ---------------------------------------------------------------------------------------------------

output_errors() {
    unwritable many
    mkfifo pipe
    # shellcheck disable=SC2094
    exec 3<>pipe 4>pipe 3<&-
    timeout -s KILL 100 "$program" many >&4 2>"$err"
    status=$?
    exec 4>&-
    ok 'closed pipe' ended 1
    ok 'closed pipe is reported' says 'standard output: Broken pipe'
    timeout -s KILL 100 "$program" many >"$out" 2>&-
    status=$?
    ok 'closed standard error' ended 0
    ok 'closed standard error: all lines' same many.expected
}

# The descriptors below the tree that the process has open.
open_below() {
    find "/proc/$1/fd" -lname "$work/$2/*" 2>/dev/null | wc -l
}

reads_sparse() {
    [ "$(find "/proc/$1/fd" -lname '*/sparse' 2>/dev/null)" != "" ]
}

# Without what a shell does to the background: ignore SIGINT.
foreground=(env --default-signal=INT)

# start_endless <option>... <directory>, as "${before[@]}" runs it. The limit on processor time is for
# the case that the signal does not stop it.
before=("${foreground[@]}")
start_endless() {
    (ulimit -t 100 && exec "${before[@]}" "$program" "$@") >"$out" 2>"$err" &
    pid=$!
    until_true $pid reads_sparse $pid
}

signals() {
    local signal number threads
    for signal in INT TERM; do
        number=$(kill -l $signal)
        for threads in 1 4; do
            start_endless --threads $threads endless
            kill -$signal $pid
            wait $pid
            status=$?
            ok "SIG$signal, threads $threads: status" ended $((128 + number))
            ok "SIG$signal, threads $threads: reason" says "^checksum: interrupted by SIG$signal$"
            ok "SIG$signal, threads $threads: summary" says 'files done, [1-9][0-9]* skipped, 0 paths'
            ok "SIG$signal, threads $threads: the lines are right" part_of endless.expected
        done
    done
    before=(env --ignore-signal=INT)
    start_endless endless
    before=("${foreground[@]}")
    kill -INT $pid
    kill -TERM $pid
    wait $pid
    status=$?
    ok 'SIGINT that is ignored does not stop it' ended 143
    start_endless --keep-going endless
    kill -INT $pid
    wait $pid
    status=$?
    ok 'SIGINT, --keep-going: status' ended 130
}

# The process waits for the reader of the pipe behind descriptor 5, which has got something.
waits_for_reader() {
    perl -e 'open my $pipe, "<&=5" or die;
        my $bytes = pack "i", 0;
        ioctl $pipe, 0x541B, $bytes or die; # FIONREAD
        exit(unpack("i", $bytes) == 0);' && [ "$(state "$1")" = S ]
}

# start_unread <where standard error goes> <arguments...>: its lines go to a pipe of one page,
# descriptors 4 and 5, that nobody reads. The lines below are so short that what is left of the page
# is too short for a message.
start_unread() {
    local errors=$1
    shift
    # shellcheck disable=SC2094
    exec 3<>unread 4>unread 5<unread 3<&-
    perl -e 'open my $pipe, "<&=5" or die; fcntl $pipe, 1031, 4096 or die;' # F_SETPIPE_SZ
    "${foreground[@]}" "$program" "$@" >&4 2>"$errors" 4>&- 5<&- &
    pid=$!
}

read_unread() {
    exec 4>&-
    cat <&5 >"$out"
    exec 5<&-
    wait $pid
    status=$?
}

# Ends it when nothing else does.
await_end() {
    timeout 100 tail -s 0.1 --pid="$1" -f /dev/null || kill -KILL "$1"
}

# Signals while lines are printed for a reader that does not read.
signals_printing() {
    local signal number
    mkfifo unread
    for signal in INT TERM; do
        number=$(kill -l $signal)
        start_unread "$err" --threads 2 many/flat
        until_true $pid waits_for_reader $pid
        kill -$signal $pid
        await_end $pid
        read_unread
        ok "SIG$signal while printing: status" ended $((128 + number))
        ok "SIG$signal while printing: reason" says "stopped by signal $number .* while printing"
        ok "SIG$signal while printing: summary" says '^checksum: 3000 files done'
        ok "SIG$signal while printing: some lines" [ -s "$out" ]
        ok "SIG$signal while printing: the lines are right" part_of many.expected
    done
    start_unread /dev/fd/4 --threads 2 many/flat
    until_true $pid waits_for_reader $pid
    kill -TERM $pid
    await_end $pid
    read_unread
    ok 'nobody reads standard error either: status' ended 143
    ok 'nobody reads standard error either: the lines are right' part_of many.expected
}

# stop_unread <where standard error goes>: stops it in a large file, when all others have been read;
# behind a limit of one they come first.
stop_unread() {
    start_unread "$1" --threads 1 --limit 1 stopped
    until_true $pid reads_sparse $pid
    kill -TERM $pid
}

# Takes a page from descriptor 5 every now and then until there is none; fails when it was late.
read_slowly() {
    local last=${EPOCHREALTIME/./} now late=0
    : >"$out"
    while dd bs=4096 count=1 <&5 >page 2>/dev/null && [ -s page ]; do
        now=${EPOCHREALTIME/./}
        [ $((now - last)) -lt 900000 ] || late=1
        last=$now
        cat page >>"$out"
        sleep 0.15
    done
    [ $late -eq 0 ]
}

# A signal during the work: whoever reads gets the lines, whoever does not holds nobody up.
signals_unread() {
    local try
    cp -r many/flat stopped
    expect stopped >stopped.expected
    mkdir stopped/big
    truncate -s 1T stopped/big/sparse
    stop_unread "$err"
    await_end $pid
    read_unread
    ok 'SIGTERM, nobody reads: status' ended 143
    ok 'SIGTERM, nobody reads: reason' says '^checksum: interrupted by SIGTERM$'
    ok 'SIGTERM, nobody reads: said' says 'nobody reads'
    ok 'SIGTERM, nobody reads: summary' says '^checksum: 3000 files done, 1 skipped, 0 paths failed'
    ok 'SIGTERM, nobody reads: some lines' [ -s "$out" ]
    ok 'SIGTERM, nobody reads: the lines are right' part_of stopped.expected
    stop_unread /dev/fd/4
    await_end $pid
    read_unread
    ok 'SIGTERM, nobody reads standard error either: status' ended 143
    ok 'SIGTERM, nobody reads standard error either: the lines are right' part_of stopped.expected
    for try in 1 2 3 4 5; do
        stop_unread "$err"
        exec 4>&-
        read_slowly && break
        echo "# try $try: this reader was too slow itself"
    done
    exec 5<&-
    wait $pid
    status=$?
    ok 'SIGTERM, a slow reader: status' ended 143
    ok 'SIGTERM, a slow reader: all lines' same stopped.expected
}

timeouts() {
    local threads
    for threads in 1 4; do
        run --threads $threads --timeout 0.2 endless
        ok "--timeout, threads $threads: status" ended 124
        ok "--timeout, threads $threads: reason" says '^checksum: timed out after 0.2 s$'
        ok "--timeout, threads $threads: summary" \
            says 'files done, .*[1-9][0-9]* \(skipped, 0 paths\|directories not read\)'
        ok "--timeout, threads $threads: the lines are right" part_of endless.expected
    done
    run --keep-going --timeout 0.2 endless
    ok '--timeout, --keep-going: status' ended 124
}

# ThreadSanitizer keeps a signal back until the thread that got it calls a function that it knows;
# behind a limit that thread may sleep in libgomp for as long as the others work.
signals_arrive() {
    [[ $(ldd "$program") != *libtsan* ]]
}

# Stops the process and counts what it has open below the tree.
sample_open() {
    kill -STOP $pid
    until_true $pid stopped $pid
    open=$(open_below $pid endless)
    most=$((open > most ? open : most))
    kill -CONT $pid
}

# open_at_once <number> <arguments...>: that many, never more, while eight threads read a large file.
open_at_once() {
    local number=$1 samples=0 most=0 open
    shift
    start_endless --threads 8 "$@"
    until [ $most -ge "$number" ] && [ $samples -ge 4 ] || [ $samples -ge 2000 ]; do
        sample_open
        samples=$((samples + 1))
    done
    ok "$*: open at once" [ $most -eq "$number" ]
    echo "# $most open, $samples samples"
    if ! signals_arrive; then
        kill -KILL $pid
        wait $pid
        skip "$*: stopped" 'ThreadSanitizer keeps the signal'
        return
    fi
    kill -TERM $pid
    wait $pid
    status=$?
    ok "$*: stopped" ended 143
}

# A budget counts a large file by its parts of 4 MiB; one of these is dearer than 1.
open_files() {
    open_at_once 8 endless/big/sparse
    open_at_once 1 --limit 1 endless
    open_at_once 3 --limit 3 endless
    open_at_once 1 --budget 1 endless/big/sparse
    open_at_once 2 --budget 12e6 endless/big/sparse
}

has_read() {
    [ "$(sed -n 's/^rchar: //p' "/proc/$1/io")" -gt "$2" ]
}

# What waits behind a limit takes memory: it must not be more for a larger file.
memory() {
    local option kib
    if [[ $(ldd "$program") =~ lib[at]san ]]; then
        skip 'memory for a large file' 'a sanitizer takes more'
        return
    fi
    for option in '--limit 1' '--budget 1'; do
        # shellcheck disable=SC2086
        start_endless --threads 2 $option endless/big
        until_true $pid has_read $pid 100000000
        kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
        kill -TERM $pid
        wait $pid
        ok "$option: memory for a large file, $kib KiB" [ "$kib" -lt 16384 ]
    done
}

# change <errno's text> <command...>: what happens to a file while its parts are being read.
change() {
    local reason=$1
    shift
    mkdir changing
    truncate -s 1T changing/sparse
    start_endless --threads 2 changing
    kill -STOP $pid
    until_true $pid stopped $pid
    "$@"
    kill -CONT $pid
    wait $pid
    status=$?
    ok "$*: status" ended 1
    ok "$*: reported" says "^checksum: changing/sparse: $reason\$"
    ok "$*: no line" same /dev/null
    rm -r changing
}

changes() {
    echo other >other
    change 'Stale file handle' truncate -s 100 changing/sparse
    change 'Stale file handle' mv other changing/sparse
    change 'No such file or directory' rm changing/sparse
    mkfifo other
    change 'Stale file handle' mv other changing/sparse
    ln -s /dev/zero other
    change 'Too many levels of symbolic links' mv other changing/sparse
}

# lease <file> <what the holder does when it is asked to give the lease up>
lease() {
    perl -e '
        use Fcntl;
        my $set_lease = 1024;
        my ($path, $answer) = @ARGV;
        open my $file, "+<", $path or die;
        $SIG{IO} = $answer eq "keep" ? "IGNORE"
                                     : sub { fcntl $file, $set_lease, F_UNLCK; exit };
        fcntl $file, $set_lease, F_WRLCK or exit;
        open my $ready, ">", "ready";
        sleep 1 while 1;' "$1" "$2" &
    pid=$!
    until_true $pid [ -e ready ]
}

# A file with a write lease: a program that opens it has to wait until its holder has written all.
leases() {
    mkdir leased
    echo leased >leased/file
    expect leased >expected
    if ! lease leased/file give; then
        skip 'a lease' 'cannot be had here'
        return
    fi
    run leased
    ok 'a lease that is given up' same expected
    ok 'a lease that is given up: status' ended 0
    wait $pid
    rm ready
    lease leased/file keep
    run --timeout 0.2 leased
    ok 'a lease that is kept, and --timeout' ended 124
    ok 'a lease that is kept: summary' says '^checksum: 0 files done, .* 0 paths failed'
    kill $pid
    wait $pid
    rm ready
}

# A file that is waited for keeps its place and its share: those that are listed after it wait too.
places() {
    local option first
    mkdir places
    for first in a b c d; do
        echo $first >places/$first
    done
    first=$(find places -type f -print -quit)
    if ! lease "$first" keep; then
        skip 'a lease' 'cannot be had here'
        return
    fi
    for option in '--limit 1' '--budget 1' '--budget 3'; do
        # shellcheck disable=SC2086
        run --threads 2 --timeout 0.2 $option places
        ok "$option: none beside one that waits" says '^checksum: 0 files done, .* 0 paths failed'
    done
    kill $pid
    wait $pid
}

make_endless() {
    cp -r many endless
    expect endless >endless.expected
    mkdir endless/big
    truncate -s 1T endless/big/sparse
}

# ---------------------------------------------------------------------------------------------------

part_of_many() {
    part_of many.expected
}

same_as_cksum
roots
usage
scripts_usage
demo_by_link
unreadable
too_long
output_errors
make_endless
both_ways signals
signals_printing
signals_unread
both_ways timeouts
open_files
memory
changes
leases
places
little_memory many.expected part_of_many --threads 1 many
finish
