# ompgroup_warnings(<target>): the warnings that every target of the project is built with.
#
# SPDX-License-Identifier: Apache-2.0
function(ompgroup_warnings target)
    set(common -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wvla -Wformat=2
        -Wcast-align -Wwrite-strings)
    target_compile_options(${target} PRIVATE
        ${common}
        "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes;-Wold-style-definition>"
        "$<$<BOOL:${OMPGROUP_WERROR}>:-Werror>")
endfunction()
