// SPDX-License-Identifier: Apache-2.0

#include "provider/local/log_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "provider/local/output_link.h"

namespace warren::provider {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0640;
constexpr off_t kReservedForRecord = 4096;
constexpr std::array kFiles{"stdout.log", "stderr.log", "index", "record"};

// Whether fallocate(2) has told that the disk is full. A file system that cannot reserve leaves it
// to the write.
bool is_full(const os::KernelResult<>& reserved) {
  return !reserved &&
         (reserved.error() == os::Errno{ENOSPC} || reserved.error() == os::Errno{EDQUOT});
}

Result<os::UniqueFd> open_directory(int parent, const std::string& name) {
  return os::context(os::open_at(parent, name.c_str(), O_RDONLY | O_DIRECTORY), "opening logs/{}",
                     name);
}

Result<OutputFiles> open_files(int directory, int all_flags) {
  const auto file = [&](const char* name, int flags) {
    return os::context(os::open_at(directory, name, all_flags | flags, kFileMode), "opening {}",
                       name);
  };
  OutputFiles files;
  files.stdout_file = WARREN_TRY(file("stdout.log", 0));
  files.stderr_file = WARREN_TRY(file("stderr.log", 0));
  files.index = WARREN_TRY(file("index", O_APPEND));
  files.record = WARREN_TRY(file("record", O_APPEND));
  return files;
}

}  // namespace

Result<LogDirectory> LogDirectory::open(const std::string& state_dir) {
  const std::string path = state_dir + "/logs";
  const auto made = os::make_directory(AT_FDCWD, path.c_str(), kDirectoryMode);
  if (!made && made.error() != os::Errno{EEXIST}) {
    return os::context(os::KernelResult<LogDirectory>(std::unexpected(made.error())), "making {}",
                       path);
  }
  os::UniqueFd logs = WARREN_TRY(
      os::context(os::open_at(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY), "opening {}", path));
  return LogDirectory(std::move(logs), path);
}

Result<OutputFiles> LogDirectory::create(const NodeId& process, const std::string& link) const {
  const std::string name = process.to_text();
  const auto made = os::make_directory(logs_.get(), name.c_str(), kDirectoryMode);
  if (!made && made.error() != os::Errno{EEXIST}) {
    return os::context(os::KernelResult<OutputFiles>(std::unexpected(made.error())),
                       "making logs/{}", name);
  }
  const os::UniqueFd directory = WARREN_TRY(open_directory(logs_.get(), name));
  OutputFiles files = WARREN_TRY(
      context(open_files(directory.get(), O_WRONLY | O_CREAT | O_TRUNC), "logs/{}", name));
  // The end of the command is recorded even on a disk that is full by then.
  const auto reserved = os::call(
      [&] { return ::fallocate(files.record.get(), FALLOC_FL_KEEP_SIZE, 0, kReservedForRecord); });
  if (is_full(reserved)) {
    WARREN_TRY(os::context(reserved, "reserving room in logs/{}/record", name));
  }
  if (!link.empty()) {
    const OutputDirectory output{.fd = directory.get(), .path = path_ + "/" + name};
    WARREN_TRY(make_output_link(output, link));
  }
  return files;
}

Result<OutputFiles> LogDirectory::reopen(const NodeId& process) const {
  const os::UniqueFd directory = WARREN_TRY(open_directory(logs_.get(), process.to_text()));
  return open_files(directory.get(), O_RDWR);
}

Result<LogFiles> LogDirectory::read(const NodeId& process) const {
  const os::UniqueFd directory = WARREN_TRY(open_directory(logs_.get(), process.to_text()));
  const auto file = [&](const char* name) {
    return os::context(os::open_at(directory.get(), name, O_RDONLY), "opening {}", name);
  };
  LogFiles files;
  files.stdout_file = WARREN_TRY(file("stdout.log"));
  files.stderr_file = WARREN_TRY(file("stderr.log"));
  files.index = WARREN_TRY(file("index"));
  return files;
}

Result<std::vector<plan::Record>> LogDirectory::records(const NodeId& process) const {
  const std::string path = process.to_text() + "/record";
  const auto file = os::open_at(logs_.get(), path.c_str(), O_RDONLY);
  if (!file && file.error() == os::Errno{ENOENT}) return std::vector<plan::Record>();
  if (!file)
    return fail(os::to_errc(file.error()), "opening logs/{}: {}", path, os::message(file.error()));

  std::vector<plan::Record> records;
  for (;;) {
    plan::Record record{};
    const std::size_t bytes = WARREN_TRY(
        os::context(os::read_some(file->get(), std::as_writable_bytes(std::span(&record, 1))),
                    "reading logs/{}", path));
    if (bytes < sizeof record) return records;
    if (plan::is_valid(record)) records.push_back(record);
  }
}

Result<> LogDirectory::remove(const NodeId& process) const {
  const std::string name = process.to_text();
  const auto directory = os::open_at(logs_.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
  if (!directory && directory.error() == os::Errno{ENOENT}) return {};
  if (!directory)
    return fail(Errc::kInternal, "opening logs/{}: {}", name, os::message(directory.error()));
  WARREN_TRY(remove_output_link({.fd = directory->get(), .path = path_ + "/" + name}));
  for (const char* file : kFiles) {
    const auto removed = os::call([&] { return ::unlinkat(directory->get(), file, 0); });
    if (!removed && removed.error() != os::Errno{ENOENT}) {
      return os::context(removed, "removing logs/{}/{}", name, file);
    }
  }
  return os::context(os::call([&] { return ::unlinkat(logs_.get(), name.c_str(), AT_REMOVEDIR); }),
                     "removing logs/{}", name);
}

}  // namespace warren::provider
