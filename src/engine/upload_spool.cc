// SPDX-License-Identifier: Apache-2.0

#include "engine/upload_spool.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "base/co_try.h"
#include "base/failpoint.h"
#include "base/pace.h"
#include "engine/task.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/socket.h"

namespace warren::engine {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;
using Moved = os::KernelResult<std::size_t>;

// Each holds a descriptor for as long as its client takes.
constexpr std::size_t kMostReceiving = 32;
constexpr std::size_t kStep = 1 << 20;
constexpr std::string_view kWhole = ".tar";
constexpr std::string_view kPart = ".part";

// Whether `descriptor` became ready, or broke, before `pace` had nothing left.
Task<bool> become_ready(Descriptor& descriptor, Descriptor::wait_type what, Pace& pace) {
  const auto ready = std::make_shared<Gate>();
  descriptor.async_wait(what, [ready](boost::system::error_code) { ready->open(); });
  const auto began = std::chrono::steady_clock::now();
  const bool is_ready =
      co_await ready->wait_for(std::chrono::ceil<std::chrono::milliseconds>(pace.left()));
  pace.waited(std::chrono::steady_clock::now() - began);
  co_return is_ready;
}

bool has_to_wait(const Moved& moved) {
  return !moved && moved.error().value == EAGAIN;
}

// Every archive ends with two blocks of zeros. One that was cut short within a run of zeros passes,
// and is found out when it is unpacked.
Result<> check_end(int file) {
  constexpr off_t kBlock = 512;
  std::array<char, 2 * kBlock> last{};
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(file, &status); }), "looking at it"));
  const off_t start = status.st_size - static_cast<off_t>(last.size());
  if (start >= 0 && status.st_size % kBlock == 0) {
    const auto read =
        os::call_for<std::size_t>([&] { return ::pread(file, last.data(), last.size(), start); });
    const bool is_zero = std::ranges::all_of(last, [](char byte) { return byte == 0; });
    if (read == last.size() && is_zero) return {};
  }
  return fail(Errc::kInvalidArgument, "the archive was cut short");
}

Result<> sync_file(int file) {
  return os::context(os::call([&] { return ::fdatasync(file); }), "writing it to the disk");
}

Result<> sync_directory(const std::string& directory) {
  const os::UniqueFd parent = WARREN_TRY(os::context(
      os::open_at(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY), "opening {}", directory));
  return os::context(os::call([&] { return ::fsync(parent.get()); }), "writing {} to the disk",
                     directory);
}

struct Found {
  NodeId job;
  Bytes size;
};

// The whole archives of `jobs` in `directory`. Everything else is removed, or left where it is.
std::vector<Found> tidy(const std::filesystem::path& directory, const std::set<NodeId>& jobs,
                        provider::Provider::Sweep sweep) {
  std::vector<Found> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    const auto job = NodeId::parse(path.stem().string());
    std::error_code unreadable;
    const std::uintmax_t size = entry->file_size(unreadable);
    if (path.extension() == kWhole && job && jobs.contains(*job) && !unreadable) {
      found.push_back({.job = *job, .size = Bytes{size}});
      continue;
    }
    if (sweep == provider::Provider::Sweep::kNo) continue;
    std::filesystem::remove_all(path, unreadable);
    if (unreadable) spdlog::warn("removing {}: {}", path.string(), unreadable.message());
  }
  return found;
}

}  // namespace

Result<> UploadSpool::open(std::filesystem::path directory) {
  const auto made = os::make_directory(AT_FDCWD, directory.c_str(), S_IRWXU);
  if (!made && made.error().value != EEXIST) {
    return os::context(made, "making {}", directory.string());
  }
  directory_ = std::move(directory);
  return {};
}

Task<> UploadSpool::take_over(std::set<NodeId> jobs, provider::Provider::Sweep sweep) {
  auto look = [directory = directory_, jobs = std::move(jobs), sweep] {
    return tidy(directory, jobs, sweep);
  };
  const std::vector<Found> found = co_await thread_.run(std::move(look));
  for (const Found& archive : found) {
    archives_[archive.job] = {.size = archive.size, .is_whole = true};
    used_.value += archive.size.value;
  }
}

Task<Result<>> UploadSpool::receive(NodeId job, os::UniqueFd pipe) {
  if (receiving_ == kMostReceiving) {
    co_return fail(Errc::kResourceExhausted, "{} uploads are under way already", kMostReceiving);
  }
  ++receiving_;
  const Result<> received = co_await receive_all(job, std::move(pipe));
  --receiving_;
  if (!received) {
    forget(job);
    // It has its name already where the directory could not be written to the disk.
    auto discard = [name = name_of(job)] {
      for (const std::string_view ending : {kPart, kWhole}) {
        std::ignore = ::unlink((name + std::string(ending)).c_str());
      }
      return true;
    };
    std::ignore = co_await thread_.run(std::move(discard));
  }
  co_return received;
}

Task<Result<>> UploadSpool::receive_all(NodeId job, os::UniqueFd pipe) {
  const std::string part = name_of(job).append(kPart);
  auto create = [part] {
    return os::open_at(AT_FDCWD, part.c_str(), O_RDWR | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
  };
  os::KernelResult<os::UniqueFd> created = co_await thread_.run(std::move(create));
  WARREN_CO_TRY(const os::UniqueFd file, os::context(std::move(created), "creating {}", part));
  Descriptor source(co_await boost::asio::this_coro::executor, pipe.release());
  Pace pace(patience_);
  for (;;) {
    const bool came = co_await become_ready(source, Descriptor::wait_read, pace);
    if (!came) co_return fail(Errc::kFailedPrecondition, "its client kept it waiting");
    auto splice = [from = source.native_handle(), to = file.get()]() -> Moved {
      return os::call_for<std::size_t>([&] {
        return ::splice(from, nullptr, to, nullptr, kStep, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      });
    };
    const Moved moved = co_await thread_.run(std::move(splice));
    if (has_to_wait(moved)) continue;
    WARREN_CO_TRY(const std::size_t bytes, os::context(moved, "keeping it"));
    if (bytes == 0) co_return co_await finish(job, file.get());
    pace.moved(bytes);
    WARREN_CO_TRY(count(job, bytes));
  }
}

Task<Result<>> UploadSpool::finish(NodeId job, int file) {
  const bool syncs = durability_ == store::Durability::kPower;
  auto name = [base = name_of(job), directory = directory_.string(), syncs, file]() -> Result<> {
    WARREN_TRY(check_end(file));
    if (syncs) WARREN_TRY(sync_file(file));
    const std::string part = base + std::string(kPart);
    const std::string whole = base + std::string(kWhole);
    WARREN_TRY(os::context(os::call([&] { return ::rename(part.c_str(), whole.c_str()); }),
                           "naming {}", whole));
    return syncs ? sync_directory(directory) : Result<>();
  };
  WARREN_CO_TRY(co_await thread_.run(std::move(name)));
  failpoint("schedule.kept");
  archives_[job].is_whole = true;
  co_return Result<>{};
}

Result<> UploadSpool::count(const NodeId& job, std::size_t bytes) {
  archives_[job].size.value += bytes;
  used_.value += bytes;
  if (most_.value == 0 || used_.value <= most_.value) return {};
  return fail(Errc::kResourceExhausted,
              "the uploads of scheduled jobs take {} bytes: that is schedule.spool", most_.value);
}

void UploadSpool::forget(const NodeId& job) {
  const auto found = archives_.find(job);
  if (found == archives_.end()) return;
  used_.value -= found->second.size.value;
  archives_.erase(found);
}

bool UploadSpool::has(const NodeId& job) const {
  const auto found = archives_.find(job);
  return found != archives_.end() && found->second.is_whole;
}

Task<Result<>> UploadSpool::send(NodeId job, os::UniqueFd socket) {
  const std::string whole = name_of(job).append(kWhole);
  auto open_whole = [whole] { return os::open_at(AT_FDCWD, whole.c_str(), O_RDONLY); };
  os::KernelResult<os::UniqueFd> opened = co_await thread_.run(std::move(open_whole));
  WARREN_CO_TRY(const os::UniqueFd file, os::context(std::move(opened), "opening {}", whole));
  WARREN_CO_TRY(os::context(os::set_nonblocking(socket.get()), "writing to a socket"));
  Descriptor sink(co_await boost::asio::this_coro::executor, socket.release());
  Pace pace(patience_);
  for (;;) {
    const bool took = co_await become_ready(sink, Descriptor::wait_write, pace);
    if (!took) co_return fail(Errc::kFailedPrecondition, "nobody reads {}", whole);
    auto copy = [from = file.get(), to = sink.native_handle()]() -> Moved {
      return os::call_for<std::size_t>([&] { return ::sendfile(to, from, nullptr, kStep); });
    };
    const Moved moved = co_await thread_.run(std::move(copy));
    if (has_to_wait(moved)) continue;
    if (!moved && moved.error().value == EPIPE) co_return Result<>{};
    WARREN_CO_TRY(const std::size_t bytes, os::context(moved, "reading {}", whole));
    if (bytes == 0) co_return Result<>{};
    pace.moved(bytes);
  }
}

Task<> UploadSpool::remove(NodeId job) {
  if (!has(job)) co_return;
  forget(job);
  auto unlink_whole = [whole = name_of(job).append(kWhole)] {
    return os::call([&] { return ::unlink(whole.c_str()); });
  };
  const os::KernelResult<> removed = co_await thread_.run(std::move(unlink_whole));
  if (!removed) spdlog::warn("removing an upload: {}", os::message(removed.error()));
}

std::string UploadSpool::name_of(const NodeId& job) const {
  return directory_ / job.to_text();
}

}  // namespace warren::engine
