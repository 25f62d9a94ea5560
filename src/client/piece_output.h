// SPDX-License-Identifier: Apache-2.0
//
// Output that is kept elsewhere and comes in pieces. Whoever adds them waits where nobody takes
// what was added before.

#pragma once

#include <deque>
#include <optional>
#include <string>

#include "client/output_source.h"
#include "warren/v1/remote.pb.h"

namespace warren::client {

// What of a log a machine elsewhere is asked to send.
[[nodiscard]] v1::Remote::Replay replay_of(const output::LogOptions& options);

class PieceOutput : public OutputSource {
 public:
  // Takes the pieces of an answer that are output.
  void add(v1::Remote answer);
  // What to ask for behind all that has come, when `asked` was asked for first.
  [[nodiscard]] v1::Remote::Replay rest_of(const output::LogOptions& asked) const;

  [[nodiscard]] Result<std::optional<output::LogSegment>> next() override;
  [[nodiscard]] os::KernelResult<std::size_t> move(const output::LogSegment& segment,
                                                   const OutputStream& stream) override;
  [[nodiscard]] Result<std::string> read(const output::LogSegment& segment,
                                         std::size_t most) override;
  [[nodiscard]] int watch_fd() const noexcept override { return -1; }
  void look() noexcept override {}
  void finish() noexcept override {}
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept override { return 0; }

 private:
  struct Piece {
    output::LogSegment segment;
    std::string bytes;
  };

  [[nodiscard]] std::string_view bytes_of(const output::LogSegment& segment) const;

  std::deque<Piece> pieces_;
  bool is_first_given_ = false;  // next() has given the first of them.
  std::uint64_t received_ = 0;
  std::optional<v1::Remote::Replay> asked_;  // As the machine elsewhere has understood it.
};

}  // namespace warren::client
