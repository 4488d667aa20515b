# The atomic operations of C files, one a line: `file function operation`, by their names in atomics.h. What stands
# in a macro belongs to the macro.
#
# SPDX-License-Identifier: Apache-2.0
FNR == 1 { comment = 0; at = "" }
{
    line = ""
    for (rest = $0; rest != "";) {
        mark = comment ? "*/" : "/*"
        at_mark = index(rest, mark)
        if (!comment)
            line = line (at_mark ? substr(rest, 1, at_mark - 1) : rest)
        if (!at_mark)
            break
        rest = substr(rest, at_mark + 2)
        comment = !comment
    }
}
line ~ /^#define/ {
    at = line
    sub(/^#define /, "", at)
    sub(/[( ].*/, "", at)
}
line ~ /^[a-z_].*\(/ {
    at = line
    gsub(/__attribute__\(\([^)]*(\([^)]*\))?\)\)/, "", at)
    sub(/\(.*/, "", at)
    sub(/.*[ *]/, "", at)
}
{
    while (match(line, /(word_)?(load|store|add|sub|exchange|cas|cas_weak|bump|fence)_(relaxed|acquire|release|acq_rel|seq_cst)\(|compiler_fence\(|membarrier_all\(/)) {
        operation = substr(line, RSTART, RLENGTH - 1)
        line = substr(line, RSTART + RLENGTH)
        if (operation != at && FILENAME !~ /(atomics|delays)\.h$/)
            print FILENAME, at, operation
    }
}
