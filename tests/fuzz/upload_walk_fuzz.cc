// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/upload_walk.h"

#include "base/entry_path.h"
#include "joblet/v2_11.pb.h"
#include "tests/fuzz/require.h"

namespace {

using warren::gateway::Upload;
using warren::gateway::walk_uploads;
using warren::gateway::WalkedRequest;
using Request = warren::face::joblet::v2_11::RunJobReq;

constexpr std::uint32_t kNumber = 7;

void check(const Upload& upload, std::string_view message) {
  warren::fuzz::require(!upload.path.empty() && warren::entry_path(upload.path) == upload.path);
  warren::fuzz::require(upload.mode != 0 && upload.mode <= 0777);
  if (upload.content.empty()) return;
  warren::fuzz::require(upload.content.data() >= message.data() &&
                        upload.content.data() + upload.content.size() <=
                            message.data() + message.size());
}

// What protobuf's own parser makes of the message is what the walk has left and found.
void compare(const WalkedRequest& walked, Request whole) {
  std::size_t matched = 0;
  for (const auto& upload : whole.uploads()) {
    if (warren::entry_path(upload.path()) == "") continue;  // The working directory itself.
    warren::fuzz::require(matched < walked.uploads.size());
    const Upload& found = walked.uploads[matched++];
    if (found.type == Upload::Type::kFile) warren::fuzz::require(found.content == upload.content());
  }
  warren::fuzz::require(matched == walked.uploads.size());
  Request rest;
  warren::fuzz::require(rest.ParseFromString(walked.rest));
  whole.clear_uploads();
  warren::fuzz::require(rest.SerializeAsString() == whole.SerializeAsString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const auto walked = walk_uploads(message, kNumber);
  if (!walked) return 0;
  for (const Upload& upload : walked->uploads) check(upload, message);
  Request whole;
  if (whole.ParseFromArray(data, static_cast<int>(size))) compare(*walked, whole);
  return 0;
}
