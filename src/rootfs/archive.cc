// SPDX-License-Identifier: Apache-2.0

#include "rootfs/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/entry_path.h"
#include "base/pace.h"
#include "base/quote.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/entry_writer.h"

namespace warren::rootfs {
namespace {

// A pax header or a map of a sparse file may be long, and libarchive keeps all of it in memory.
constexpr std::size_t kMostHeaderBytes = 2 << 20;
constexpr std::size_t kMostTrailingBytes = 1 << 20;

// libarchive turns names into the locale of the thread and drops those that do not fit into it.
class Utf8Names {
 public:
  Utf8Names() noexcept
      : utf8_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)),
        before_(utf8_ != nullptr ? ::uselocale(utf8_) : nullptr) {}
  Utf8Names(const Utf8Names&) = delete;
  Utf8Names& operator=(const Utf8Names&) = delete;
  ~Utf8Names() {
    if (utf8_ == nullptr) return;
    ::uselocale(before_);
    ::freelocale(utf8_);
  }

 private:
  locale_t utf8_;
  locale_t before_;
};

// The bytes of the archive as libarchive asks for them.
struct Source {
  int file;
  Pace pace;
  std::array<std::byte, 64 * 1024> buffer{};
  std::size_t header_bytes = 0;
  bool in_header = false;
  bool ended = false;
  bool stalled = false;
};

// What there is of them, once there is something. EAGAIN where that takes too long.
os::KernelResult<std::size_t> read_in_time(Source& from) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(from.pace.left());
  pollfd readable{.fd = from.file, .events = POLLIN, .revents = 0};
  const auto began = std::chrono::steady_clock::now();
  const auto ready =
      os::call_for<int>([&] { return ::poll(&readable, 1, static_cast<int>(left.count())); });
  from.pace.waited(std::chrono::steady_clock::now() - began);
  if (!ready) return std::unexpected(ready.error());
  if (*ready == 0) return std::unexpected(os::Errno{EAGAIN});
  const auto count = os::read_some(from.file, from.buffer);
  if (count) from.pace.moved(*count);
  return count;
}

la_ssize_t read_source(archive* reader, void* source, const void** bytes) {
  auto& from = *static_cast<Source*>(source);
  if (from.in_header && from.header_bytes > kMostHeaderBytes) {
    ::archive_set_error(reader, EFBIG, "its header is too large");
    return -1;
  }
  const auto count = read_in_time(from);
  from.stalled = !count && count.error() == os::Errno{EAGAIN};
  if (!count) {
    ::archive_set_error(reader, count.error().value, "reading the archive");
    return -1;
  }
  from.ended = *count == 0;
  if (from.in_header) from.header_bytes += *count;
  *bytes = from.buffer.data();
  return static_cast<la_ssize_t>(*count);
}

struct FreeArchive {
  void operator()(archive* reader) const noexcept { ::archive_read_free(reader); }
};

class Unpacking {
 public:
  Unpacking(int archive_file, int directory, const UnpackOptions& options)
      : options_(options),
        writer_(directory, {options.uid, options.gid}),
        source_{.file = archive_file, .pace = Pace(options.patience)} {}

  Result<Unpacked> run() {
    reader_.reset(::archive_read_new());
    if (!reader_ || ::archive_read_support_format_tar(reader_.get()) != ARCHIVE_OK ||
        ::archive_read_open(reader_.get(), &source_, nullptr, read_source, nullptr) != ARCHIVE_OK) {
      return refused();
    }
    while (archive_entry* entry = WARREN_TRY(next())) {
      const char* name = ::archive_entry_pathname(entry);
      const std::string shown = name != nullptr ? name : "(unreadable)";
      WARREN_TRY(context(unpack(entry, shown), "entry {}", quote(shown)));
    }
    drain();
    return done_;
  }

 private:
  Result<archive_entry*> next() {
    // Apart from the header, so that what is skipped does not count as one.
    if (done_.entries > 0 && ::archive_read_data_skip(reader_.get()) < ARCHIVE_WARN) {
      return refused();
    }
    source_.in_header = true;
    source_.header_bytes = 0;
    archive_entry* entry = nullptr;
    const int status = ::archive_read_next_header(reader_.get(), &entry);
    source_.in_header = false;
    if (status == ARCHIVE_EOF && source_.ended) {
      return fail(Errc::kInvalidArgument, "the archive ends before its end marker");
    }
    if (status == ARCHIVE_EOF) return nullptr;
    if (status < ARCHIVE_WARN) return refused();
    if (++done_.entries > options_.most_entries) {
      return fail(Errc::kResourceExhausted, "the archive has more than {} entries",
                  options_.most_entries);
    }
    return entry;
  }

  [[nodiscard]] std::unexpected<Error> refused() const {
    // libarchive may take what there is of a first header for one of no format.
    if (source_.stalled) {
      return fail(Errc::kInvalidArgument, "reading the archive: the upload stalled");
    }
    const char* why = reader_ ? ::archive_error_string(reader_.get()) : nullptr;
    return fail(Errc::kInvalidArgument, "reading the archive: {}",
                why != nullptr ? why : "out of memory");
  }

  Result<> unpack(archive_entry* entry, const std::string& name) {
    const std::string path = WARREN_TRY(entry_path(name));
    if (const char* existing = ::archive_entry_hardlink(entry)) {
      const std::string to =
          WARREN_TRY(context(entry_path(existing), "link to {}", quote(existing)));
      if (path.empty() || to.empty()) return fail(Errc::kInvalidArgument, "it links a directory");
      return writer_.make_hard_link(path, to);
    }
    const mode_t mode = ::archive_entry_perm(entry);
    switch (::archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return path.empty() ? Result<>() : writer_.make_directory(path, mode);
      case AE_IFREG:
        return unpack_file(entry, path, mode);
      case AE_IFLNK: {
        const char* target = ::archive_entry_symlink(entry);
        if (path.empty() || target == nullptr) break;
        return writer_.make_symlink(path, target);
      }
      default:
        break;
    }
    return fail(Errc::kInvalidArgument, "it is neither a file, a directory nor a link");
  }

  Result<> unpack_file(archive_entry* entry, const std::string& path, mode_t mode) {
    if (path.empty()) return fail(Errc::kInvalidArgument, "a file has no name");
    const auto size = static_cast<std::uint64_t>(::archive_entry_size(entry));
    if (size > options_.most_bytes.value - done_.bytes.value) {
      return fail(Errc::kResourceExhausted, "the archive holds more than {}",
                  to_text(options_.most_bytes));
    }
    const os::UniqueFd file = WARREN_TRY(writer_.make_file(path, mode));
    WARREN_TRY(copy_content(file.get(), size));
    done_.bytes.value += size;
    // A sparse file may end with a hole.
    WARREN_TRY(os::context(
        os::call([&] { return ::ftruncate(file.get(), static_cast<off_t>(size)); }), "sizing it"));
    const timespec modified{::archive_entry_mtime(entry), ::archive_entry_mtime_nsec(entry)};
    const std::array times = {modified, modified};
    return os::context(os::call([&] { return ::futimens(file.get(), times.data()); }),
                       "setting its time");
  }

  Result<> copy_content(int file, std::uint64_t size) {
    for (;;) {
      const void* block = nullptr;
      std::size_t length = 0;
      la_int64_t offset = 0;
      const int status = ::archive_read_data_block(reader_.get(), &block, &length, &offset);
      if (status == ARCHIVE_EOF) return {};
      if (status < ARCHIVE_WARN) return refused();
      const auto start = static_cast<std::uint64_t>(offset);
      if (start > size || length > size - start) {
        return fail(Errc::kInvalidArgument, "it holds more than it says");
      }
      WARREN_TRY(write_block(file, {static_cast<const std::byte*>(block), length}, start));
    }
  }

  static Result<> write_block(int file, std::span<const std::byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
      const std::size_t count =
          WARREN_TRY(os::context(os::write_at(file, bytes, offset), "writing it"));
      bytes = bytes.subspan(count);
      offset += count;
    }
    return {};
  }

  // Programs pad archives after the end marker and would otherwise die of a closed pipe.
  void drain() {
    for (std::size_t total = 0; total < kMostTrailingBytes;) {
      const auto count = read_in_time(source_);
      if (!count || *count == 0) return;
      total += *count;
    }
  }

  UnpackOptions options_;
  EntryWriter writer_;
  Source source_;
  std::unique_ptr<archive, FreeArchive> reader_;
  Unpacked done_;
};

}  // namespace

Result<Unpacked> unpack_archive(int archive, int directory, const UnpackOptions& options) {
  const Utf8Names utf8_names;
  // On the heap: the buffer of the source is too large for the stacks of worker threads.
  const auto unpacking = std::make_unique<Unpacking>(archive, directory, options);
  return context(unpacking->run(), "unpacking");
}

}  // namespace warren::rootfs
