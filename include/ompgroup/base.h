/*
 * What the other public headers share: linkage, attributes, the room for later fields, the group's name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPGROUP_BASE_H
#define OMPGROUP_BASE_H

#ifdef __cplusplus
#define OMPG_BEGIN_DECLS extern "C" {
#define OMPG_END_DECLS }
#define OMPG_ALIGNED(bytes) alignas(bytes)
#else
#define OMPG_BEGIN_DECLS
#define OMPG_END_DECLS
#define OMPG_ALIGNED(bytes) _Alignas(bytes)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define OMPG_API __attribute__((visibility("default")))
#define OMPG_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
/*
 * Only where it is always a mistake to drop the result: what was made is lost, what was refused is not
 * noticed, a question is asked for nothing. Not the code of a wait, which the group keeps as well, nor
 * ompg_stopped(), by which a group notices a token.
 */
#define OMPG_MUST_USE __attribute__((warn_unused_result))
#else
#define OMPG_API
#define OMPG_PRINTF(format_at, first_at)
#define OMPG_MUST_USE
#endif

/*
 * The last field of every public struct: room for the fields of later versions, in words of 8 bytes. A
 * caller leaves it zero, as all that it does not name in an initialiser is. A function that takes the
 * struct returns EINVAL where it is not: then the program sets a field that this library does not know.
 * The library fills it with zeros where it fills the struct. So a program works with every library of its
 * major version, a newer or an older one, as long as it uses nothing that the library does not have.
 *
 * For whoever adds a field: it stands directly before the room and uses up whole words of it, so that
 * no size and no other offset changes. What it leaves of its last word is a field of its own, because
 * padding is not zero in each program: a pointer or a size_t is followed by OMPG_RESERVED_BESIDE_POINTER, a
 * smaller one by an array of char. Nothing else ever comes there. Zero is the default of the new field.
 * tests/test_layout.c knows all sizes and offsets.
 */
#define OMPG_RESERVED(words) OMPG_ALIGNED(8) unsigned long long reserved[words]
#if defined(__SIZEOF_POINTER__) && __SIZEOF_POINTER__ < 8
#define OMPG_RESERVED_BESIDE_POINTER(name) unsigned int name;
#else
#define OMPG_RESERVED_BESIDE_POINTER(name)
#endif

/* A group of tasks; see group.h. */
typedef struct ompg_group ompg_group;

/*
 * Instead of a group, where a call says so (loops, reductions, scans, sorts, joins, pipelines): a group with
 * all defaults, made for the call and freed by it. ompg_get_threads() takes it too. To all other functions it
 * is what NULL is.
 */
#ifdef __cplusplus
#define OMPG_DEFAULT (reinterpret_cast<ompg_group *>(1))
#else
#define OMPG_DEFAULT ((ompg_group *)1)
#endif

#endif
