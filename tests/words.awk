# The comments of C, C++ or Go files, or their code without comments, for words.sh:
#
#     awk -v want=comments -f words.awk FILE...    FILE:LINE:BLOCK<tab>text, a line each; a block is one comment
#     awk -v want=code     -f words.awk FILE...    the code; strings stay, comments become a space
#
# SPDX-License-Identifier: Apache-2.0
function comment(text) {
    if (want != "comments")
        return
    sub(/^[ \t]*\*+/, "", text)
    if (text ~ /[^ \t*\/]/)
        printf "%s:%d:%d\t%s\n", FILENAME, FNR, block, text
}

# The line from here on, which is in a comment of several lines; leaves what follows it in `rest`.
function finish_comment(text,    end) {
    end = index(text, "*/")
    inside = end == 0
    comment(inside ? text : substr(text, 1, end - 1))
    rest = inside ? "" : substr(text, end + 2)
}

FNR == 1 { inside = 0 }
{
    rest = $0
    code = ""
    if (inside)
        finish_comment(rest)
    while (match(rest, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'/)) {
        found = substr(rest, RSTART, RLENGTH)
        code = code substr(rest, 1, RSTART - 1)
        rest = substr(rest, RSTART + RLENGTH)
        if (found == "/*") {
            block++
            code = code " "
            finish_comment(rest)
        } else if (found == "//") {
            if (!was_line) # lines that follow one another are one comment
                block++
            comment(rest)
            rest = ""
            line_now = 1
        } else {
            code = code found
        }
    }
    was_line = line_now
    line_now = 0
    if (want == "code")
        print code rest
}
