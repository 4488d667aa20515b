#!/usr/bin/env bash
# The models: each holds, and each of its mutants is rejected. `run.sh` all, `run.sh deque` one, `run.sh --orders`
# prints which of the source's orders which model needs, `run.sh --trace deque [MUTANT]` what Relacy has to say.
#
# A model says in lines `//@` what it consists of:
#     into FILE            where the following goes
#     take FILE [NAME...]  definitions out of the source: all of it, or these functions, structs and enums
#     change SED           makes something smaller; must match
#     mutant NAME SED      a fault, which must be rejected; must match
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

models=tests/models
build=${BUILD_DIR:-build}/models
source=${MODELS_SOURCE:-.} # another tree to take from
flags=(-std=gnu++20 -fpermissive -fno-sized-deallocation -fno-lifetime-dse -w -O1)
mkdir -p $build

directives() { # <model> <keyword>
    sed -n "s|^//@ $2 ||p" "$models/$1.cpp"
}

# C's atomics as Relacy's.
to_cpp() {
    sed -E -e 's/_Atomic\(([^)]*)\)/rl::atomic<\1>/g' -e 's/_Atomic ([a-z_0-9]+)/rl::atomic<\1>/g' \
        -e 's/__builtin_ia32_pause\(\)/model_pause()/' \
        -e 's/^static inline void fence\(/static inline void fence_function(/' "$1"
}

# Each must match in one of the files.
edit() { # <directory> <sed expression>
    local file changed=
    for file in "$1"/*.h; do
        sed -E -e '' "$file" >/dev/null
        sed -e "$2" "$file" >"$file.new"
        cmp -s "$file" "$file.new" || changed=yes
        mv "$file.new" "$file"
    done
    [ "$changed" ] || { echo "$1: nothing to change: $2" >&2 && return 1; }
}

take() { # <model>
    local keyword rest file into=taken.h directory=$build/$1
    rm -rf "$directory" && mkdir -p "$directory"
    while read -r keyword rest; do
        case $keyword in
        into) into=$rest ;;
        take)
            file=${rest%% *}
            (cd "$source" && awk -v names="${rest#"$file"}" -f "$OLDPWD/$models/take.awk" "$file") >"$directory/part"
            to_cpp "$directory/part" >>"$directory/$into"
            rm "$directory/part"
            ;;
        esac
    done < <(sed -n 's|^//@ ||p' "$models/$1.cpp")
    while read -r rest; do
        edit "$directory" "$rest"
    done < <(directives "$1" change)
}

mutate() { # <model> <mutant>
    local directory=$build/$1.$2
    rm -rf "$directory" && mkdir "$directory"
    cp "$build/$1"/*.h "$directory"
    edit "$directory" "$(directives "$1" mutant | sed -n "s/^$2 //p")"
}

# What all models have in common, compiled once.
prepare() {
    local source
    for source in model.h search.h run.sh; do
        [ $build/search.o -nt $models/$source ] || {
            g++ "${flags[@]}" -Iinclude -x c++-header $models/model.h -o $build/model.h.gch
            g++ "${flags[@]}" -include $build/model.h -Iinclude -c -x c++ $models/search.h -o $build/search.o
            return
        }
    done
}

compile() { # <model> <directory>
    g++ "${flags[@]}" -include $build/model.h -I"$2" -Iinclude "$models/$1.cpp" $build/search.o -o "$2/model" \
        >"$2/log" 2>&1 || { cat "$2/log" >&2 && return 1; }
}

# one <model> [<mutant>]: whether it is as it should be. The model has been taken.
one() {
    local directory=$build/$1${2:+.$2} wanted=holds
    if [ $# -gt 1 ]; then
        wanted=rejected
        mutate "$@"
    fi
    compile "$1" "$directory"
    got=holds
    timeout 300 "$directory/model" quiet >"$directory/log" 2>&1 || { [ $? -eq 124 ] && got=undecided || got=rejected; }
    echo "$1${2:+, $2}: $got$([ $got = $wanted ] || echo ', but it should be '$wanted)"
    [ $got = $wanted ]
}

orders() { # <model>
    take "$1"
    compile "$1" "$build/$1"
    "$build/$1/model" sweep
}

# jobs <model>...: the model itself, and each mutant.
jobs() {
    local model
    for model; do
        echo "$model"
        directives "$model" mutant | sed "s/^\([^ ]*\) .*/$model \1/"
    done
}

models_there() {
    (cd $models && ls ./*.cpp) | sed 's|./\(.*\).cpp|\1|'
}

case ${1-} in
--one | --take)
    "${@#--}"
    exit
    ;;
esac
prepare
case ${1-} in
--trace)
    shift
    take "$1"
    [ $# -eq 1 ] || mutate "$@"
    compile "$1" "$build/$1${2:+.$2}" && "$build/$1${2:+.$2}/model"
    ;;
--orders)
    shift
    for model in ${@:-$(models_there)}; do
        orders "$model" | sed "s/^/$model /"
    done
    ;;
*)
    each=(xargs -P "$(nproc)" -L 1 tests/models/run.sh)
    printf '%s\n' ${@:-$(models_there)} | "${each[@]}" --take
    jobs ${@:-$(models_there)} | "${each[@]}" --one
    ;;
esac
