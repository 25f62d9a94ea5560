// SPDX-License-Identifier: Apache-2.0

#include "face/jobworker.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // One input for each of the three texts: a limit that is there is no limit of nothing.
  warren::face::jobworker::proto::ResourceLimits cpu;
  cpu.set_cpu(text);
  if (const auto limits = warren::face::jobworker::limits_of(cpu)) {
    warren::fuzz::require(!limits->has_cpu_percent() || limits->cpu_percent() >= 1);
  }
  warren::face::jobworker::proto::ResourceLimits memory;
  memory.set_memory_max(text);
  std::ignore = warren::face::jobworker::limits_of(memory);
  warren::face::jobworker::proto::ResourceLimits io;
  io.set_io_class(text);
  if (const auto limits = warren::face::jobworker::limits_of(io)) {
    warren::fuzz::require(limits->io_class() != warren::v1::Limits::IO_CLASS_UNSPECIFIED);
  }
  return 0;
}
