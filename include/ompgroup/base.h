/*
 * What the other public headers share: linkage, attributes, the group's name.
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
#else
#define OMPG_API
#define OMPG_PRINTF(format_at, first_at)
#endif

/* A group of tasks; see group.h. */
typedef struct ompg_group ompg_group;

#endif
