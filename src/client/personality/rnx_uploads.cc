// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_uploads.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "client/utf8.h"
#include "face/joblet_upload.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::client {
namespace {

namespace fs = std::filesystem;
using face::joblet::v2_10::FileUpload;
using face::joblet::v2_11::RunJobReq;
using Type = UploadEntry::Type;

constexpr mode_t kPermissions = 0777;

std::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Errc::kInvalidArgument, "uploading {}: {}", path, why);
}

// The link to the working directory, which exists in requests only.
bool is_made_up(const UploadEntry& entry) {
  return entry.type == Type::kSymlink && entry.source.empty();
}

bool is_below(const fs::path& directory, const fs::path& path) {
  return std::ranges::mismatch(directory, path).in1 == directory.end();
}

// Links become files. The source of an entry ends with its name; before it is what was named.
Result<> resolve_link(UploadEntry& entry) {
  std::error_code error;
  const fs::path root =
      fs::canonical(entry.source.substr(0, entry.source.size() - entry.name.size()), error);
  if (error) return refuse(entry.source, error.message());
  const fs::path target = fs::canonical(entry.source, error);
  if (error || !is_below(root, target) || !fs::is_regular_file(target, error)) {
    return refuse(entry.source, "a symbolic link must lead to a file of the same directory");
  }
  entry.type = Type::kFile;
  entry.source = target;
  return {};
}

Result<> check_size(std::uint64_t size) {
  if (size <= face::joblet::kLargestUpload) return {};
  return fail(Errc::kInvalidArgument, "it is larger than the {} MiB that a file may have",
              face::joblet::kLargestUpload >> 20U);
}

Result<std::uint64_t> size_of(const UploadEntry& entry) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(entry.source, error);
  if (error) return refuse(entry.source, error.message());
  WARREN_TRY(context(check_size(size), "uploading {}", entry.source));
  return size;
}

Result<UploadCount> measure(const std::vector<UploadEntry>& entries) {
  if (entries.size() > face::joblet::kMostUploads) {
    return fail(Errc::kInvalidArgument, "uploading {} files and directories: {} are the most",
                entries.size(), face::joblet::kMostUploads);
  }
  UploadCount all;
  for (const UploadEntry& entry : entries) {
    if (!is_utf8(entry.name)) return refuse(entry.source, "its name is not UTF-8");
    if (entry.type != Type::kFile) continue;
    ++all.files;
    all.bytes += WARREN_TRY(size_of(entry));
  }
  if (all.bytes <= face::joblet::kLargestUploads) return all;
  return fail(Errc::kInvalidArgument, "uploading {} bytes: {} MiB are the most", all.bytes,
              face::joblet::kLargestUploads >> 20U);
}

// O_NONBLOCK: a FIFO that has taken the place of a file must not stop us.
Result<os::UniqueFd> open_source(const UploadEntry& entry) {
  return os::context(os::call_for_fd([&] {
                       return ::open(entry.source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
                     }),
                     "opening it");
}

// What is written behind `size` meanwhile does not count.
Result<std::string> read_bytes(const os::UniqueFd& file, std::uint64_t size) {
  WARREN_TRY(check_size(size));  // It may have grown since.
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto rest = std::as_writable_bytes(std::span(bytes).subspan(filled));
    const std::size_t count =
        WARREN_TRY(os::context(os::read_some(file.get(), rest), "reading it"));
    if (count == 0) return fail(Errc::kFailedPrecondition, "it became shorter while it was read");
    filled += count;
  }
  return bytes;
}

Result<> fill(const UploadEntry& entry, FileUpload& upload) {
  struct stat status {};
  const os::UniqueFd file = WARREN_TRY(open_source(entry));
  WARREN_TRY(os::context(os::call([&] { return ::fstat(file.get(), &status); }), "reading it"));
  const bool is_directory = entry.type == Type::kDirectory;
  if (is_directory ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)) {
    return fail(Errc::kFailedPrecondition, "it has become something else");
  }
  upload.set_mode(status.st_mode & kPermissions);
  upload.set_is_directory(is_directory);
  if (is_directory) return {};
  upload.set_content(WARREN_TRY(read_bytes(file, static_cast<std::uint64_t>(status.st_size))));
  return {};
}

Result<> add(const UploadEntry& entry, RunJobReq& request) {
  FileUpload& upload = *request.add_uploads();
  upload.set_path(entry.name);
  if (!is_made_up(entry)) return context(fill(entry, upload), "uploading {}", entry.source);
  upload.set_is_directory(true);
  upload.set_content(std::string(face::joblet::kLinkToWork));
  return {};
}

}  // namespace

Result<UploadCount> add_uploads(const UploadSources& sources, const UploadProgress& progress,
                                RunJobReq& request) {
  std::vector<UploadEntry> entries = WARREN_TRY(list_uploads(sources));
  for (UploadEntry& entry : entries) {
    if (entry.type == Type::kSymlink && !is_made_up(entry)) WARREN_TRY(resolve_link(entry));
  }
  const UploadCount all = WARREN_TRY(measure(entries));
  UploadCount read;
  for (const UploadEntry& entry : entries) {
    WARREN_TRY(add(entry, request));
    if (entry.type != Type::kFile) continue;
    ++read.files;
    read.bytes += request.uploads().rbegin()->content().size();
    progress(read, all);
  }
  return read;
}

}  // namespace warren::client
