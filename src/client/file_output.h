// SPDX-License-Identifier: Apache-2.0
//
// Output that the engine of this machine keeps, read from its files.

#pragma once

#include "client/output_source.h"

namespace warren::client {

class FileOutput : public OutputSource {
 public:
  FileOutput(output::LogFiles files, const output::LogOptions& options);
  FileOutput(const FileOutput&) = delete;
  FileOutput& operator=(const FileOutput&) = delete;

  // From here on watch_fd() tells of growth. A log that has ended is not watched.
  [[nodiscard]] Result<> watch();

  [[nodiscard]] Result<std::optional<output::LogSegment>> next() override;
  [[nodiscard]] os::KernelResult<std::size_t> move(const output::LogSegment& segment,
                                                   const OutputStream& stream) override;
  [[nodiscard]] Result<std::string> read(const output::LogSegment& segment,
                                         std::size_t most) override;
  [[nodiscard]] int watch_fd() const noexcept override { return watch_.get(); }
  void look() noexcept override;
  void finish() noexcept override { cursor_.finish(); }
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept override { return cursor_.lost_bytes(); }

 private:
  output::LogFiles files_;
  output::LogCursor cursor_;
  bool sought_ = false;
  os::UniqueFd watch_;
};

}  // namespace warren::client
