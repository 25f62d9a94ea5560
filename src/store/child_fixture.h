// SPDX-License-Identifier: Apache-2.0
//
// Tests in a process of its own, for what would otherwise change or kill the one that tests.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "os/unique_fd.h"

namespace warren::store {

// A child that runs `body(fd)` and exits; what it writes to `fd` is read here. Killed and reaped
// when this leaves scope. Start it while no other thread is running.
class Child {
 public:
  template <typename Body>
  explicit Child(Body body) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    output_.reset(ends[0]);
    const os::UniqueFd input(ends[1]);
    pid_ = ::fork();
    if (pid_ != 0) return;
    body(input.get());
    ::_exit(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }

  // The next `size` bytes; fewer at the end of the output.
  [[nodiscard]] std::string read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
      const ssize_t count = ::read(output_.get(), &text[filled], size - filled);
      if (count <= 0) break;
      filled += static_cast<std::size_t>(count);
    }
    text.resize(filled);
    return text;
  }

  // Everything up to its end.
  [[nodiscard]] std::string read_all() {
    std::string all;
    for (;;) {
      const std::string part = read(4096);
      if (part.empty()) return all;
      all += part;
    }
  }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  os::UniqueFd output_;
  pid_t pid_ = -1;
};

inline void write_text(int fd, const std::string& text) {
  if (::write(fd, text.data(), text.size()) < 0) ::_exit(1);
}

// What `body` returns in a child of its own: the empty text when all is well.
template <typename Body>
std::string in_child(Body body) {
  Child child([&](int fd) { write_text(fd, body() + "\n"); });
  return child.read_all();
}

}  // namespace warren::store
