// SPDX-License-Identifier: Apache-2.0

#include <cstring>

#include "base/log_index.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (; size >= sizeof(warren::LogRecord); size -= sizeof(warren::LogRecord)) {
    warren::LogRecord record;
    std::memcpy(&record, data, sizeof record);
    data += sizeof record;
    if (!warren::is_valid(record)) {
      record = warren::sealed(record);
    }
    // One changed bit is noticed wherever it is.
    record.offset ^= 1;
    warren::fuzz::require(!warren::is_valid(record));
  }
  return 0;
}
