// SPDX-License-Identifier: Apache-2.0

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "client/upload.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::client {
namespace {

struct FreeArchive {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
};
using Writer = std::unique_ptr<archive, FreeArchive>;

struct FreeEntry {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};
using Header = std::unique_ptr<archive_entry, FreeEntry>;

Result<> check(archive& writer, la_ssize_t status) {
  // A warning means that something of the entry would be lost, such as a part of its name.
  if (status >= ARCHIVE_OK) return {};
  const char* const reason = ::archive_error_string(&writer);
  return fail(Errc::kUnavailable, "{}", reason == nullptr ? "the archive failed" : reason);
}

// Where the archive goes. Once `discards` is set nothing does, so that a writer can be closed, and
// gives back its buffers, without completing what has failed.
struct Sink {
  int fd;
  bool discards = false;
};

la_ssize_t write_to(archive* writer, void* data, const void* bytes, std::size_t count) {
  const Sink& sink = *static_cast<const Sink*>(data);
  if (sink.discards) return static_cast<la_ssize_t>(count);
  const auto written = os::call_for<std::size_t>([&] { return ::write(sink.fd, bytes, count); });
  if (written) return static_cast<la_ssize_t>(*written);
  ::archive_set_error(writer, written.error().value, "Write error");
  return -1;
}

Result<Writer> open_writer(Sink& sink) {
  Writer writer(::archive_write_new());
  WARREN_TRY(check(*writer, ::archive_write_set_format_pax_restricted(writer.get())));
  // Names are bytes, whatever the locale says.
  WARREN_TRY(check(*writer, ::archive_write_set_options(writer.get(), "hdrcharset=BINARY")));
  WARREN_TRY(check(*writer, ::archive_write_set_bytes_in_last_block(writer.get(), 1)));
  WARREN_TRY(check(
      *writer, ::archive_write_open2(writer.get(), &sink, nullptr, write_to, nullptr, nullptr)));
  return writer;
}

void describe(archive_entry& header, const UploadEntry& entry, const struct stat& status) {
  ::archive_entry_set_pathname(&header, entry.name.c_str());
  ::archive_entry_set_perm(&header, status.st_mode & 0777);
  ::archive_entry_set_mtime(&header, status.st_mtim.tv_sec, 0);
  switch (entry.type) {
    case UploadEntry::Type::kFile:
      ::archive_entry_set_filetype(&header, S_IFREG);
      ::archive_entry_set_size(&header, status.st_size);
      break;
    case UploadEntry::Type::kDirectory:
      ::archive_entry_set_filetype(&header, S_IFDIR);
      break;
    case UploadEntry::Type::kSymlink:
      ::archive_entry_set_filetype(&header, S_IFLNK);
      ::archive_entry_set_symlink(&header, entry.target.c_str());
      break;
  }
}

Result<> copy_bytes(archive& writer, const os::UniqueFd& file, std::uint64_t size) {
  std::array<std::byte, 65536> bytes;
  while (size > 0) {
    const std::size_t count =
        WARREN_TRY(os::context(os::read_some(file.get(), bytes), "reading it"));
    if (count == 0) return fail(Errc::kFailedPrecondition, "it became shorter while it was read");
    const std::size_t kept = std::min<std::uint64_t>(count, size);
    WARREN_TRY(check(writer, ::archive_write_data(&writer, bytes.data(), kept)));
    size -= kept;
  }
  return {};
}

// O_NONBLOCK: a FIFO that has taken the place of a file must not stop us.
Result<os::UniqueFd> open_source(const UploadEntry& entry) {
  return os::context(os::call_for_fd([&] {
                       return ::open(entry.source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
                     }),
                     "opening it");
}

Result<> write_entry(archive& writer, const UploadEntry& entry) {
  struct stat status {};
  status.st_mode = 0755;
  os::UniqueFd file;
  if (entry.type != UploadEntry::Type::kSymlink) {
    file = WARREN_TRY(open_source(entry));
    WARREN_TRY(os::context(os::call([&] { return ::fstat(file.get(), &status); }), "reading it"));
    const bool wants_file = entry.type == UploadEntry::Type::kFile;
    if (wants_file != S_ISREG(status.st_mode)) {
      return fail(Errc::kFailedPrecondition, "it has become something else");
    }
  }
  const Header header(::archive_entry_new());
  describe(*header, entry, status);
  WARREN_TRY(check(writer, ::archive_write_header(&writer, header.get())));
  if (entry.type != UploadEntry::Type::kFile) return {};
  return copy_bytes(writer, file, static_cast<std::uint64_t>(status.st_size));
}

}  // namespace

Result<> write_archive(const std::vector<UploadEntry>& entries, int fd) {
  Sink sink{.fd = fd};
  const Writer writer = WARREN_TRY(open_writer(sink));
  for (const UploadEntry& entry : entries) {
    if (auto written = write_entry(*writer, entry); !written) {
      sink.discards = true;
      return context(std::move(written), "uploading {}", entry.name);
    }
  }
  return check(*writer, ::archive_write_close(writer.get()));
}

}  // namespace warren::client
