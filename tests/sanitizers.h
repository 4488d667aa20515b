/*
 * Which sanitizers the test is built with: they cost time, and some of what a test does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANITIZERS_H
#define SANITIZERS_H

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED 1
#endif
#endif
#ifndef THREAD_SANITIZED
#define THREAD_SANITIZED 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#endif
#endif
#ifndef ADDRESS_SANITIZED
#define ADDRESS_SANITIZED 0
#endif

#define SANITIZED (THREAD_SANITIZED || ADDRESS_SANITIZED)

#endif
