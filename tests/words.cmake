# The words of comments and pages, and that the check finds each fault of the pages in tests/words.
#
# SPDX-License-Identifier: Apache-2.0
set(ompgroup_words ${CMAKE_COMMAND} -E env "CC=${CMAKE_C_COMPILER}" "${CMAKE_CURRENT_SOURCE_DIR}/words.sh")
add_test(NAME words COMMAND ${ompgroup_words})
add_test(NAME words.wrong COMMAND ${ompgroup_words} --control)
