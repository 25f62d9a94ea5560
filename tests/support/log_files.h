// SPDX-License-Identifier: Apache-2.0
//
// A log on disk as warren-init writes it, in a directory that goes with it.

#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/log_index.h"
#include "os/unique_fd.h"

namespace warren::test {

class LogOnDisk {
 public:
  LogOnDisk() {
    std::string name = std::filesystem::temp_directory_path() / "warren-log-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    out_ = create("stdout.log");
    err_ = create("stderr.log");
    index_ = create("index");
    event_ = os::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  }
  ~LogOnDisk() { std::filesystem::remove_all(directory_); }
  LogOnDisk(const LogOnDisk&) = delete;
  LogOnDisk& operator=(const LogOnDisk&) = delete;

  // Output of the process and its record.
  void write(LogStream stream, std::string_view text, std::uint64_t microseconds = 0) {
    const std::uint64_t offset = size(stream);
    write_without_record(stream, text);
    append({.offset = offset,
            .microseconds = microseconds,
            .length = static_cast<std::uint32_t>(text.size()),
            .stream = stream});
  }
  void write_without_record(LogStream stream, std::string_view text) {
    put(stream == LogStream::kStdout ? out_ : err_, text.data(), text.size());
  }
  void append(LogRecord record) {
    record = sealed(record);
    put(index_, &record, sizeof record);
    ::eventfd_write(event_.get(), 1);
  }
  void tear_index() { put(index_, "torn", 4); }

  [[nodiscard]] os::UniqueFd open(const char* name) const {
    return os::UniqueFd(::open((directory_ / name).c_str(), O_RDONLY | O_CLOEXEC));
  }
  [[nodiscard]] os::UniqueFd out() const { return open("stdout.log"); }
  [[nodiscard]] os::UniqueFd err() const { return open("stderr.log"); }
  [[nodiscard]] os::UniqueFd index() const { return open("index"); }
  // As the engine hands it over.
  [[nodiscard]] os::UniqueFd event() const {
    os::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event edges{.events = EPOLLIN | EPOLLET, .data = {}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, event_.get(), &edges) != 0) std::abort();
    return epoll;
  }

 private:
  [[nodiscard]] os::UniqueFd create(const char* name) const {
    return os::UniqueFd(
        ::open((directory_ / name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  [[nodiscard]] std::uint64_t size(LogStream stream) const {
    const int fd = stream == LogStream::kStdout ? out_.get() : err_.get();
    return static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_END));
  }
  static void put(const os::UniqueFd& file, const void* bytes, std::size_t count) {
    if (::write(file.get(), bytes, count) != static_cast<ssize_t>(count)) std::abort();
  }

  std::filesystem::path directory_;
  os::UniqueFd out_;
  os::UniqueFd err_;
  os::UniqueFd index_;
  os::UniqueFd event_;
};

}  // namespace warren::test
