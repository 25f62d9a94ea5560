// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/status.h"

#include <string>

#include "wire/status.h"

namespace warren::relay {
namespace {

Errc code_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAUTHENTICATED:
      return Errc::kPermissionDenied;
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Errc::kUnavailable;
    case grpc::StatusCode::OUT_OF_RANGE:
      return Errc::kInvalidArgument;
    case grpc::StatusCode::ABORTED:
      return Errc::kFailedPrecondition;
    default:
      return wire::to_errc(static_cast<std::uint32_t>(code));
  }
}

}  // namespace

Result<> to_result(const grpc::Status& status) {
  if (status.ok()) return {};
  std::string sentence = status.error_message();
  if (sentence.empty()) sentence = fmt::format("status {} of gRPC", int{status.error_code()});
  return std::unexpected(Error{code_of(status.error_code()), std::move(sentence)});
}

}  // namespace warren::relay
