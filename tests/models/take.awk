# Takes definitions out of a C file, for a model: `awk -v names="f g" -f take.awk FILE` prints the functions,
# structs and enums of these names, in the file's order; without names all of it but its includes. #line says where
# each comes from. Fails when one is missing, so that a model cannot go on without what it is a model of.
#
# SPDX-License-Identifier: Apache-2.0
BEGIN {
    wanted = split(names, list, " ")
    for (i = 1; i <= wanted; i++)
        missing[list[i]] = 1
}

# The name that a definition gives; "" for what is none.
function name_of(text,    head) {
    head = text
    if (head ~ /^(typedef )?(struct|enum) [a-z_]+[ \n]*\{/) {
        sub(/^(typedef )?(struct|enum) /, "", head)
        sub(/[ \n]*\{.*/, "", head)
        return head
    }
    if (head ~ /^enum \{/) { # by its first constant
        sub(/^enum \{[ \n]*/, "", head)
        sub(/[^A-Z_0-9].*/, "", head)
        return head
    }
    gsub(/__attribute__\(\([^)]*(\([^)]*\))?\)\)/, "", head)
    if (head !~ /\(/ || head ~ /^(typedef|extern|_Static_assert)/)
        return ""
    sub(/\(.*/, "", head)
    sub(/.*[ *\n]/, "", head)
    return head
}

function finish(    name) {
    name = name_of(text)
    if (text ~ /\{/ && (wanted == 0 || name in missing)) {
        printf "#line %d \"%s\"\n%s", first, FILENAME, text
        delete missing[name]
    } else if (wanted == 0) {
        printf "#line %d \"%s\"\n%s", first, FILENAME, text
    }
    text = ""
}

/^#include/ { next }
/^#/ && text == "" {
    if (wanted == 0)
        print
    continued = /\\$/
    next
}
continued {
    if (wanted == 0)
        print
    continued = /\\$/
    next
}
text == "" && (/^[[:space:]]*$/ || /^[ *\/]/ ) { next }
{
    if (text == "")
        first = FNR
    text = text $0 "\n"
}
/^\}/ || (/;( *\/\*.*)?$/ && (text !~ /\{/ || text ~ /^[^\n]*\n$/)) { finish() }

END {
    for (name in missing) {
        print FILENAME ": " name " is not there" >"/dev/stderr"
        failed = 1
    }
    exit failed
}
