// SPDX-License-Identifier: Apache-2.0

#include "provider/local/upload_threads.h"

#include <sys/socket.h>

#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/worker_thread.h"

namespace warren::provider {
namespace {

constexpr std::size_t kMost = 32;

}  // namespace

UploadThreads::~UploadThreads() {
  const std::lock_guard lock(mutex_);
  // A socket rather than a pipe for this: whoever waits in read(2) now sees the end.
  for (const Upload& upload : uploads_) ::shutdown(upload.archive.get(), SHUT_RDWR);
}

Result<os::UniqueFd> UploadThreads::begin(os::UniqueFd directory, rootfs::UnpackOptions options,
                                          Done<> done) {
  const std::lock_guard lock(mutex_);
  std::erase_if(uploads_, [](const Upload& upload) { return upload.is_over; });
  if (uploads_.size() >= kMost) {
    return fail(Errc::kResourceExhausted, "{} uploads are under way already", kMost);
  }
  int ends[2];
  WARREN_TRY(os::context(
      os::call([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }),
      "making a socket"));
  os::UniqueFd own_end(ends[0]);
  os::UniqueFd clients_end(ends[1]);
  Upload& upload = uploads_.emplace_back();
  upload.archive = std::move(own_end);
  upload.thread = os::start_thread(
      [this, &upload, directory = std::make_shared<os::UniqueFd>(std::move(directory)), options,
       done = std::make_shared<Done<>>(std::move(done))](const std::stop_token&) {
        const auto unpacked =
            rootfs::unpack_archive(upload.archive.get(), directory->get(), options);
        // The client may go on writing after the end of the archive: that is an error to it, not to
        // us.
        ::shutdown(upload.archive.get(), SHUT_RDWR);
        {
          const std::lock_guard over(mutex_);
          upload.is_over = true;
        }
        (*done)(unpacked ? Result<>() : std::unexpected(unpacked.error()));
      });
  return clients_end;
}

}  // namespace warren::provider
