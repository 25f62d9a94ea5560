// SPDX-License-Identifier: Apache-2.0

#include "wire/status.h"

#include <algorithm>
#include <array>

namespace warren::wire {
namespace {

struct Row {
  Errc code;
  std::uint32_t status;
};

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
constexpr std::array kTable = {
    Row{Errc::kInvalidArgument, 3},   Row{Errc::kNotFound, 5},
    Row{Errc::kAlreadyExists, 6},     Row{Errc::kPermissionDenied, 7},
    Row{Errc::kResourceExhausted, 8}, Row{Errc::kFailedPrecondition, 9},
    Row{Errc::kUnimplemented, 12},    Row{Errc::kInternal, 13},
    Row{Errc::kUnavailable, 14},
};
constexpr std::uint32_t kInternalStatus = 13;

}  // namespace

std::uint32_t to_status_code(Errc code) noexcept {
  const auto* const row = std::ranges::find(kTable, code, &Row::code);
  return row == kTable.end() ? kInternalStatus : row->status;
}

Errc to_errc(std::uint32_t code) noexcept {
  const auto* const row = std::ranges::find(kTable, code, &Row::status);
  return row == kTable.end() ? Errc::kInternal : row->code;
}

v1::End to_end(const Result<>& result) {
  v1::End end;
  if (!result) {
    end.set_code(to_status_code(result.error().code));
    end.set_message(result.error().message);
  }
  return end;
}

Result<> to_result(const v1::End& end) {
  if (end.code() == 0) return {};
  return std::unexpected(Error{to_errc(end.code()), end.message()});
}

}  // namespace warren::wire
