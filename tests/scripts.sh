#!/usr/bin/env bash
# The scripts on a machine of another kind: a C compiler, CMake and make are there, and neither dpkg, apt-get,
# Ninja, pkg-config, git nor a C++ compiler; the sources cannot be written, and there is no root.
#
#     scripts.sh <scripts/demo.sh> <compiler>
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"
compiler=$2
root=$(dirname "$(dirname "$program")")

# The tools of that machine, and nothing else.
mkdir bin tmp
for tool in ar as awk basename bash cat cksum cmake cp ctest cut date diff dirname env find grep head id ld ln \
    ls make mkdir mktemp mv nm nproc objcopy od ranlib readlink realpath rm sed sha256sum sh sort strip tail \
    tee touch tr uname uniq wc xargs; do
    ln -s "$(command -v "$tool")" "bin/$tool"
done
case $(basename "$compiler") in
*clang*) ln -s "$(command -v "$compiler")" bin/clang ;;
*) ln -s "$(command -v "$compiler")" bin/gcc ;;
esac

mkdir tree
cp -r "$root"/{include,src,examples,bench,cmake,scripts,tests,CMakeLists.txt,CMakePresets.json} tree
chmod -R a+rX,a-w tree
chmod 755 . bin
chmod 777 tmp

# Root may write everywhere.
user=()
if [ "$(id -u)" -eq 0 ]; then
    user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${user[@]}" true 2>/dev/null || { skip 'scripts without root' 'setpriv is missing' && finish && exit; }
fi

# there <command...>: as on that machine.
there() {
    timeout -s KILL 250 "${user[@]}" env -i "PATH=$work/bin" "TMPDIR=$work/tmp" LC_ALL=C "$@" >"$out" 2>"$err"
    status=$?
}

prints() {
    grep -q -e "$1" "$out"
}

last_line_is() {
    [ "$(tail -n 1 "$out")" = "$1" ]
}

# ---- the demo, built elsewhere ----

(cd tree && find include -type f -print0 | sort -z | xargs -0 cksum) >expected
there BUILD_DIR="$work/tmp/elsewhere" bash -c 'cd tree && scripts/demo.sh --threads 2 include'
ok 'demo.sh without packages: status' ended 0
ok 'demo.sh without packages: what it prints' same expected
ok 'demo.sh: BUILD_DIR is where it builds' [ -x tmp/elsewhere/demo/examples/checksum ]
ok 'demo.sh: nothing is written beside the sources' [ ! -e tree/build ]

# ---- plain CMake ----

there bash -c 'cmake -S tree -B tmp/plain -DCUNIT_LIBRARY= && cmake --build tmp/plain --target test_text'
ok 'cmake -B without CUnit and Ninja: status' ended 0
ok 'cmake -B without CUnit: says what it does' prints 'CUnit is missing'
there tmp/plain/tests/test_text
ok 'a test without CUnit: status' ended 0
ok 'a test without CUnit: its tests run' prints '^text: [1-9][0-9]* tests, 0 failed$'

# ---- presets ----

mkdir -m 777 tmp/built
ln -s ../plain tmp/built/release
# shellcheck disable=SC2016
there BUILD_DIR="$work/tmp/built" bash -c '. tree/scripts/tools.sh && with_presets ctest --preset release -N'
ok 'a preset for tests: status' ended 0
ok 'a preset for tests: means BUILD_DIR' prints '^Total Tests: [1-9]'

# ---- what is missing ----

rm bin/make
there tree/scripts/setup.sh build
ok 'neither Ninja nor make: status' ended 1
ok 'neither Ninja nor make: is named' says '^Please install .*: ninja-build$'

# ---- what is installed ----

if command -v ninja >/dev/null; then
    chmod 777 bin
    ln -s "$(command -v ninja)" tmp/ninja
    printf '#!/bin/sh\nshift\n"$@"\n' >bin/sudo
    cat >bin/apt-get <<'APT'
#!/bin/sh
case "$*" in
*' install '*ninja-build*) mv "${0%/*}/../tmp/ninja" "${0%/*}" ;;
esac
APT
    chmod +x bin/sudo bin/apt-get
    there BUILD_DIR="$work/tmp/brought" tree/scripts/demo.sh --help
    ok 'what apt-get has brought: status' ended 0
    ok 'what apt-get has brought: is used' prints '^Usage: checksum'
    ok 'what apt-get brings: is said' says '^Installing: ninja-build'
    rm -f bin/sudo bin/apt-get bin/ninja
else
    skip 'what apt-get brings' 'there is no Ninja to bring'
fi

printf '#!/bin/sh\nexit 0\n' >bin/make
chmod +x bin/make

# ---- test.sh, between stand-ins for CMake and ctest: two cases, one of which cannot run ----

rm bin/cmake bin/ctest
printf '#!/bin/sh\nexit 0\n' >bin/cmake
cat >bin/ctest <<'CTEST'
#!/bin/bash
while [ "$1" != --output-junit ]; do shift; done
printf '\t<testcase name="%s" status="%s">\n' good run odd notrun >"$2"
printf '\t\t<skipped message="SKIP_RETURN_CODE=77"/>\n' >>"$2"
CTEST
chmod +x bin/cmake bin/ctest

there tree/scripts/test.sh
ok 'test.sh without packages: status' ended 0
ok 'test.sh: elsewhere when the sources cannot be written' says 'cannot be written; building in'
ok 'test.sh: a configuration that lacks something is named' prints '^skipped: lint: clang-19 is missing$'
ok 'test.sh: a case that cannot run is named' prints '^skipped: release: odd$'
ok 'test.sh: what is missing is named' says 'Goes without .*: .*valgrind'
ok 'test.sh: last line' last_line_is "$(grep -c '^== [a-z-]*$' "$out") passed, 0 failed"
there tree/scripts/test.sh --strict
ok 'test.sh --strict: status' ended 1
ok 'test.sh --strict: what is skipped has failed' prints '^failed: lint: skipped: clang-19 is missing$'
finish
