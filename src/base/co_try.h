// SPDX-License-Identifier: Apache-2.0
//
// WARREN_TRY for coroutines. A statement, because GCC 12 miscompiles a co_return inside a statement
// expression.

#pragma once

#include <utility>

// WARREN_CO_TRY(declaration, expression): declares `declaration` with the value of an expected, or
// ends the enclosing coroutine with its error. WARREN_CO_TRY(expression) only checks. At most one a
// line, and never a capturing lambda inside the expression:
//   WARREN_CO_TRY(const auto row, co_await store.read(id));
//   WARREN_CO_TRY(co_await store.write(row));
#define WARREN_CO_TRY(first, ...) \
  WARREN_CO_TRY_INTO(WARREN_CO_JOIN(warren_result_, __LINE__), first __VA_OPT__(, ) __VA_ARGS__)

#define WARREN_CO_TRY_INTO(result, first, ...)                    \
  auto result = WARREN_CO_LAST(first __VA_OPT__(, ) __VA_ARGS__); \
  if (!result) [[unlikely]]                                       \
    co_return std::unexpected(std::move(result).error());         \
  __VA_OPT__(first = *std::move(result))

#define WARREN_CO_LAST(first, ...) \
  WARREN_CO_JOIN(WARREN_CO_LAST_OF, __VA_OPT__(_TWO))(first, __VA_ARGS__)
#define WARREN_CO_LAST_OF(first, ...) first
#define WARREN_CO_LAST_OF_TWO(first, ...) __VA_ARGS__
#define WARREN_CO_JOIN(a, b) WARREN_CO_JOIN_NOW(a, b)
#define WARREN_CO_JOIN_NOW(a, b) a##b
