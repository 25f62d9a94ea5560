// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "client/upload.h"

namespace warren::client {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> refuse(const fs::path& path, std::string_view why) {
  return fail(Errc::kInvalidArgument, "uploading {}: {}", path.native(), why);
}

class Listing {
 public:
  Result<> add_file(const fs::path& file) {
    const fs::path name = fs::absolute(file).lexically_normal().filename();
    if (name.empty()) return refuse(file, "it has no name");
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (error) return refuse(file, error.message());
    if (fs::is_directory(status)) return refuse(file, "it is a directory: use --upload-dir");
    return add(file, name, status);
  }

  Result<> add_contents(const fs::path& directory) {
    std::error_code error;
    const fs::file_status status = fs::status(directory, error);
    if (error) return refuse(directory, error.message());
    if (!fs::is_directory(status)) return refuse(directory, "it is not a directory");
    fs::recursive_directory_iterator entries(directory, error);
    for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
      const fs::path& path = entries->path();
      WARREN_TRY(add(path, path.lexically_relative(directory), entries->symlink_status(error)));
    }
    if (error) return refuse(directory, error.message());
    return {};
  }

  void add_link_to_root(const fs::path& directory) {
    const fs::path absolute = fs::absolute(directory).lexically_normal();
    const fs::path name =
        absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename();
    if (name.empty() || entries_.contains(name)) return;
    entries_[name] = {
        .type = UploadEntry::Type::kSymlink, .source = "", .name = name, .target = "."};
  }

  [[nodiscard]] std::vector<UploadEntry> take() {
    std::vector<UploadEntry> list;
    list.reserve(entries_.size());
    for (auto& [name, entry] : entries_) list.push_back(std::move(entry));
    return list;
  }

 private:
  Result<> add(const fs::path& source, const fs::path& name, fs::file_status status) {
    UploadEntry entry{.source = source, .name = name, .target = ""};
    switch (status.type()) {
      case fs::file_type::regular:
        break;
      case fs::file_type::directory:
        entry.type = UploadEntry::Type::kDirectory;
        break;
      case fs::file_type::symlink: {
        std::error_code error;
        entry.type = UploadEntry::Type::kSymlink;
        entry.target = fs::read_symlink(source, error);
        if (error) return refuse(source, error.message());
        break;
      }
      default:
        return refuse(source, "only files, directories and symbolic links can be uploaded");
    }
    const bool is_directory = entry.type == UploadEntry::Type::kDirectory;
    const auto [place, added] = entries_.emplace(name, std::move(entry));
    const bool merges = is_directory && place->second.type == UploadEntry::Type::kDirectory;
    if (!added && !merges) return refuse(source, "another upload has the same name");
    return {};
  }

  std::map<fs::path, UploadEntry>
      entries_;  // By parts of the path: a directory before its contents.
};

}  // namespace

Result<std::vector<UploadEntry>> list_uploads(const UploadSources& sources) {
  Listing listing;
  for (const std::string& file : sources.files) WARREN_TRY(listing.add_file(file));
  for (const std::string& directory : sources.directories) {
    WARREN_TRY(listing.add_contents(directory));
  }
  for (const std::string& directory : sources.directories) listing.add_link_to_root(directory);
  return listing.take();
}

}  // namespace warren::client
