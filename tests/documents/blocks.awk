# The code blocks of a document: writes each to the file `work`/<number>.block and prints a line for it,
# `<number> <line> <language> <frame or file or skip> <its name>`. In Markdown a block stands between
# fences, in a header's comment it is a paragraph of its own that is indented by four.
#
# SPDX-License-Identifier: Apache-2.0

function open_block(language) {
    number++
    first = NR
    kind = language
    file = work "/" number ".block"
    printf "" >file
}

function close_block() {
    close(file)
    print number, first, kind, directive == "" ? "-" : directive
    directive = ""
    file = ""
}

# A header: from the comment's line without text to its next line that is not indented.
header {
    text = $0
    if (file != "" && text !~ /^ \*     / && text != " *")
        close_block()
    if (file == "" && after_gap && text ~ /^ \*     /)
        open_block("c")
    if (file != "")
        print substr(text, 8) >file
    after_gap = text == " *"
    next
}

# Markdown.
file != "" && $1 == "```" {
    close_block()
    follows = kind == "sh"
    next
}
file != "" {
    sub("^ {0," indent "}", "")
    print >file
    next
}
/^ *```/ {
    match($0, /^ */)
    indent = RLENGTH
    language = $1
    sub(/^```/, "", language)
    open_block(language != "" ? language : follows ? "output" : "text")
    if (language != "" || follows)
        first++ # what is shown begins below the fence
    next
}
/^<!-- (frame|file|not run): .* -->$/ {
    directive = $0
    sub(/^<!-- /, "", directive)
    sub(/ -->$/, "", directive)
    sub(/^not run:/, "skip:", directive)
    next
}
NF > 0 {
    directive = ""
    follows = 0
}
