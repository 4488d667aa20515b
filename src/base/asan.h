/*
 * What AddressSanitizer must know and cannot see: whose memory the library hands out itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_SRC_ASAN_H
#define OMPG_SRC_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define BUILT_WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BUILT_WITH_ASAN 1
#endif
#endif
#ifndef BUILT_WITH_ASAN
#define BUILT_WITH_ASAN 0
#endif

#if BUILT_WITH_ASAN
#include <sanitizer/asan_interface.h>

/* The first `size` bytes may be used; what follows them stays as it is. */
#define asan_allow(memory, size) __asan_unpoison_memory_region((memory), (size))
/* Nobody may use them: an access is reported. */
#define asan_forbid(memory, size) __asan_poison_memory_region((memory), (size))
#else
#define asan_allow(memory, size) ((void)(memory), (void)(size))
#define asan_forbid(memory, size) ((void)(memory), (void)(size))
#endif

#endif
