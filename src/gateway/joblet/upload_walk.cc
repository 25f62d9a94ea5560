// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/upload_walk.h"

#include <optional>
#include <utility>

#include "base/entry_path.h"
#include "base/quote.h"
#include "gateway/joblet/wire_fields.h"

namespace warren::gateway {
namespace {

// The fields of FileUpload.
enum Number : std::uint32_t { kPath = 1, kContent = 2, kMode = 3, kIsDirectory = 4 };

constexpr std::uint32_t kPermissions = 0777;
constexpr std::uint32_t kModeOfFiles = 0644;
constexpr std::uint32_t kModeOfDirectories = 0755;

struct FileUpload {
  std::string_view path;
  std::string_view content;
  std::uint32_t mode = 0;
  bool is_directory = false;
};

std::unexpected<Error> malformed() {
  return fail(Errc::kInvalidArgument, "the request is not a valid message");
}

Result<FileUpload> parse_upload(std::string_view message) {
  FileUpload upload;
  WireFields fields(message);
  while (const std::optional<WireField> field = fields.next()) {
    if (field->number <= kIsDirectory && field->has_bytes != (field->number <= kContent)) {
      return malformed();
    }
    switch (field->number) {
      case kPath:
        upload.path = field->bytes;
        break;
      case kContent:
        upload.content = field->bytes;
        break;
      case kMode:
        upload.mode = static_cast<std::uint32_t>(field->value);
        break;
      case kIsDirectory:
        upload.is_directory = field->value != 0;
        break;
      default:
        break;
    }
  }
  if (!fields.is_at_end()) return malformed();
  return upload;
}

Result<Upload::Type> type_of(const FileUpload& upload) {
  if (!upload.is_directory) return Upload::Type::kFile;
  if (upload.content.empty()) return Upload::Type::kDirectory;
  if (upload.content == face::joblet::kLinkToWork) return Upload::Type::kLinkToWork;
  return fail(Errc::kInvalidArgument, "a directory has no content");
}

// A client that says nothing of a mode means none that nobody could use.
std::uint32_t mode_of(const FileUpload& upload) noexcept {
  const std::uint32_t mode = upload.mode & kPermissions;
  if (mode != 0) return mode;
  return upload.is_directory ? kModeOfDirectories : kModeOfFiles;
}

// Nothing for the working directory itself, which is there already.
Result<std::optional<Upload>> checked(const FileUpload& upload) {
  Upload out;
  out.type = WARREN_TRY(type_of(upload));
  out.path = WARREN_TRY(entry_path(upload.path));
  out.mode = mode_of(upload);
  if (out.path.empty()) {
    if (out.type == Upload::Type::kDirectory) return std::nullopt;
    return fail(Errc::kInvalidArgument, "it is the working directory itself");
  }
  if (out.type == Upload::Type::kFile) out.content = upload.content;
  if (out.content.size() > kLargestUpload) {
    return fail(Errc::kInvalidArgument, "{} bytes are more than the {} that a file may have",
                out.content.size(), kLargestUpload);
  }
  return out;
}

class Walk {
 public:
  Result<> add(std::string_view message) {
    const FileUpload upload = WARREN_TRY(parse_upload(message));
    std::optional<Upload> found =
        WARREN_TRY(context(checked(upload), "upload {}", quote(upload.path)));
    if (!found) return {};
    total_ += found->content.size();
    if (total_ > kLargestUploads) {
      return fail(Errc::kInvalidArgument, "uploads: together more than {} bytes", kLargestUploads);
    }
    if (request_.uploads.size() == kMostUploads) {
      return fail(Errc::kInvalidArgument, "uploads: more than {}", kMostUploads);
    }
    request_.uploads.push_back(*std::move(found));
    return {};
  }

  Result<> keep(std::string_view field) {
    request_.rest += field;
    if (request_.rest.size() <= kLargestRest) return {};
    return fail(Errc::kInvalidArgument, "the request without its uploads exceeds {} bytes",
                kLargestRest);
  }

  [[nodiscard]] WalkedRequest take() && { return std::move(request_); }

 private:
  WalkedRequest request_;
  std::size_t total_ = 0;
};

}  // namespace

Result<WalkedRequest> walk_uploads(std::string_view message, std::uint32_t number) {
  Walk walk;
  WireFields fields(message);
  while (const std::optional<WireField> field = fields.next()) {
    if (field->number == number && !field->has_bytes) return malformed();
    WARREN_TRY(field->number == number ? walk.add(field->bytes) : walk.keep(field->whole));
  }
  if (!fields.is_at_end()) return malformed();
  return std::move(walk).take();
}

}  // namespace warren::gateway
