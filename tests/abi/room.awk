# room.awk <recorded> <other>: the other description without what lies in the rooms of the recorded structs
# (OMPG_RESERVED): a field that takes words of a room changes nothing for programs that are there already.
#
# SPDX-License-Identifier: Apache-2.0
/<class-decl name=/ { split($0, parts, "'"); struct = parts[2] }
/<data-member / { split($0, parts, "layout-offset-in-bits='"); offset = parts[2] + 0; member = $0; next }
NR == FNR {
    if (/<var-decl name='reserved'/)
        room[struct] = offset
    member = ""
    next
}
/<\/data-member>/ && dropped { dropped = 0; next }
/<var-decl / && member != "" && struct in room && offset >= room[struct] { dropped = 1; member = ""; next }
member != "" { print member; member = "" }
{ print }
