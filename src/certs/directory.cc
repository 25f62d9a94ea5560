// SPDX-License-Identifier: Apache-2.0

#include "certs/directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "base/quote.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/text_file.h"

namespace warren::certs {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kParentMode = 0755;
constexpr mode_t kFileMode = 0600;

Result<> make_missing(int parent, const std::string& path, mode_t mode) {
  const auto made = os::make_directory(parent, path.c_str(), mode);
  if (made || made.error().value == EEXIST) return {};
  return os::context(made, "making {}", quote(path));
}

Result<> make_with_parents(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    WARREN_TRY(make_missing(AT_FDCWD, path.substr(0, slash), kParentMode));
  }
  return make_missing(AT_FDCWD, path, kDirectoryMode);
}

std::string without_slash_at_end(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The whole of an unfinished file, on the disk.
os::KernelResult<> write_durably(int directory, const char* name, std::string_view text) {
  const os::UniqueFd file =
      WARREN_TRY(os::open_at(directory, name, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  WARREN_TRY(os::write_all(file.get(), std::as_bytes(std::span(text))));
  return os::call([&] { return ::fsync(file.get()); });
}

std::string draft_of(const File& file) {
  return '.' + file.name + ".new";
}

void remove_drafts(int directory, std::span<const File> files) {
  for (const File& file : files) {
    std::ignore = os::call([&] { return ::unlinkat(directory, draft_of(file).c_str(), 0); });
  }
}

}  // namespace

Directory::Directory(std::string path, os::UniqueFd descriptor)
    : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

Result<Directory> Directory::open(const std::string& path) {
  // The operator's own path may be a link.
  auto opened =
      os::call_for_fd([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  os::UniqueFd descriptor = WARREN_TRY(os::context(std::move(opened), "opening {}", quote(path)));
  return Directory(path, std::move(descriptor));
}

Result<Directory> Directory::open_trusted(const std::string& path) {
  Directory directory = WARREN_TRY(open(path));
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(directory.descriptor_.get(), &status); }),
                         "looking at {}", quote(path)));
  if ((status.st_mode & S_IWOTH) == 0) return directory;
  return fail(Errc::kFailedPrecondition, "{} is writable by everybody: keys are not safe in it",
              quote(path));
}

Result<Directory> Directory::open_or_create(const std::string& path) {
  const std::string clean = without_slash_at_end(path);
  WARREN_TRY(make_with_parents(clean));
  return open_trusted(clean);
}

Result<Directory> Directory::below(const std::string& name) const {
  WARREN_TRY(make_missing(descriptor_.get(), name, kDirectoryMode));
  os::UniqueFd descriptor =
      WARREN_TRY(os::context(os::open_at(descriptor_.get(), name.c_str(), O_RDONLY | O_DIRECTORY),
                             "opening {}", quote(path_of(name))));
  return Directory(path_of(name), std::move(descriptor));
}

Result<> Directory::lock() const {
  return os::context(os::call([&] { return ::flock(descriptor_.get(), LOCK_EX); }), "locking {}",
                     quote(path_));
}

Result<std::optional<std::string>> Directory::read(const std::string& name) const {
  auto text = os::read_text(descriptor_.get(), name.c_str());
  if (!text && text.error().value == ENOENT) return std::nullopt;
  std::string read = WARREN_TRY(os::context(std::move(text), "reading {}", quote(path_of(name))));
  return read;
}

Result<> Directory::write(std::span<const File> files) const {
  // What a process that was killed has left; the lock keeps others from having any.
  remove_drafts(descriptor_.get(), files);
  Result<> replaced = replace(files);
  if (!replaced) remove_drafts(descriptor_.get(), files);
  return replaced;
}

Result<> Directory::write(const std::string& name, std::string_view text) const {
  return write(std::array{File{.name = name, .text = text}});
}

// Nothing that can fail for want of room, or take its time, is left between the names of two files.
Result<> Directory::replace(std::span<const File> files) const {
  for (const File& file : files) {
    WARREN_TRY(os::context(write_durably(descriptor_.get(), draft_of(file).c_str(), file.text),
                           "writing {}", quote(path_of(file.name))));
  }
  for (const File& file : files) {
    const auto rename = [&] {
      return ::renameat(descriptor_.get(), draft_of(file).c_str(), descriptor_.get(),
                        file.name.c_str());
    };
    WARREN_TRY(os::context(os::call(rename), "writing {}", quote(path_of(file.name))));
  }
  return os::context(os::call([&] { return ::fsync(descriptor_.get()); }), "writing {}",
                     quote(path_));
}

Result<std::vector<std::string>> Directory::names() const {
  std::error_code error;
  std::vector<std::string> found;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().filename();
    if (!name.starts_with('.')) found.push_back(std::move(name));
  }
  if (error) return fail(Errc::kInternal, "listing {}: {}", quote(path_), error.message());
  std::ranges::sort(found);
  return found;
}

}  // namespace warren::certs
