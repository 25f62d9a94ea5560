// SPDX-License-Identifier: Apache-2.0
//
// What engine and init say to each other over a SOCK_SEQPACKET Unix socket, one message a packet,
// descriptors by SCM_RIGHTS. docs/design/init-protocol.md explains it.

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/crc32c.h"
#include "plan/op.h"

namespace warren::plan {

inline constexpr std::uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kMostDescriptors = 48;  // In one message.

// An engine drives inits of its own version and of the two before it. The head of every message,
// kAttach and kState are the same in all versions: they are how an engine learns an init's version.
inline constexpr std::uint16_t kOldestVersion = kProtocolVersion > 2 ? kProtocolVersion - 2 : 1;

[[nodiscard]] constexpr bool is_driven(std::uint16_t version) noexcept {
  return version >= kOldestVersion && version <= kProtocolVersion;
}

// Bounds of what one init does at a time, whatever it is asked for.
inline constexpr std::size_t kMostDials = 16;
inline constexpr std::uint32_t kMostAccepts = 64;

enum class MessageType : std::uint16_t {
  // Engine to init.
  kLaunch = 1,  // The first message: builds the sandbox, then starts its first process if the plan
                // has one.
  kStart = 2,   // Another process: Start and its descriptors.
  kSignal = 3,
  kAttach = 4,  // The first message of an engine that finds a running sandbox. Answer: kState.
  kStat = 5,    // Answer: kState.
  kQuit = 6,    // Ends init and with it everything in the sandbox.
  // Of a process's standard input: whoever was to have it has it, or nobody is. Init closes its own
  // write end, so that the command sees its end when the last writer's is closed.
  kReleaseInput = 7,
  kDial = 8,    // Connects to a port of the sandbox's loopback. Answer: kDialed.
  kAccept = 9,  // Passes on as many connections more to the socket of Op::kListen: kAccepted.
  // Init to engine.
  kReady = 64,
  // With the read ends of the command's pipes that are still open, so that the engine can drain
  // them, the write end of its standard input until that is released, then its output event.
  kStarted = 65,
  kFailed = 66,
  kExited = 67,
  kState = 68,     // With a pidfd of init itself; a kStarted for each live process follows.
  kDialed = 69,    // With a connected, non-blocking socket unless `error` says why there is none.
  kAccepted = 70,  // With the connection. Only the head.
};

struct MessageHead {
  std::uint16_t version;
  MessageType type;
  std::uint32_t bytes;  // Of the whole message.
};

// kLaunch and kStart. `slot[i]` says where the i-th descriptor of the message goes.
struct Start {
  MessageHead head;
  std::uint32_t process;  // The engine's number for it, unique within the sandbox, never 0.
  std::uint32_t
      ends_sandbox;  // Not 0: when it ends, everything in the sandbox and init end with it.
  std::uint32_t descriptors;
  std::uint32_t reserved;
  std::uint64_t log_limit;  // Bytes of output to keep, both streams together. 0: no limit.
  std::int16_t slot[kMostDescriptors];
};

struct Signal {
  MessageHead head;
  std::uint32_t process;
  std::int32_t signal;
};

struct ReleaseInput {
  MessageHead head;
  std::uint32_t process;
  std::uint32_t reserved;
};

// Init tries 127.0.0.1, and [::1] where that refuses. It gives up after some seconds at a listener
// that does not answer, and refuses with EAGAIN what would be more than kMostDials at a time. An
// engine that is replaced gets no answer.
struct Dial {
  MessageHead head;
  std::uint32_t request;  // The engine's number for it; the answer has the same.
  std::uint16_t port;
  std::uint16_t reserved;
};

// What is asked for adds up, to kMostAccepts at most, and is forgotten with the engine that asked:
// without one, callers wait in the backlog of the socket.
struct Accept {
  MessageHead head;
  std::uint32_t connections;
  std::uint32_t reserved;
};

// Microseconds since 1970-01-01T00:00:00Z.
using WallClock = std::uint64_t;

inline constexpr std::uint32_t kInputPipe = 4;

struct StartedEvent {
  MessageHead head;
  std::uint32_t process;
  std::int32_t pid;  // Within the sandbox.
  WallClock at;
  // Monotonic nanoseconds: init's first instruction, the sandbox built, the command spawned.
  std::uint64_t began_ns;
  std::uint64_t built_ns;
  std::uint64_t spawned_ns;
  std::uint32_t pipes;  // Those among the descriptors: 1 for stdout's, 2 for stderr's, kInputPipe.
  std::uint32_t reserved;
};

// A step failed. The sandbox is gone, or in a live one the process never began.
struct FailedEvent {
  MessageHead head;
  std::uint32_t process;
  std::uint32_t step;  // Its index among the plan's steps, sandbox steps first.
  std::int32_t error;  // errno(3)
  Op op;
  std::uint16_t reserved;
};

struct ExitedEvent {
  MessageHead head;
  std::uint32_t process;
  std::int32_t wait_status;  // As of waitpid(2).
  WallClock at;
  std::uint64_t stdout_bytes;
  std::uint64_t stderr_bytes;
  std::uint64_t lost_bytes;
};

struct StateEvent {
  MessageHead head;
  std::uint32_t live;  // Processes that were started and have not ended.
  std::uint32_t reserved;
};

struct DialedEvent {
  MessageHead head;
  std::uint32_t request;
  std::int32_t error;  // errno(3) of connect(2), or 0.
};

// The record file of a process: what happened to it, in the order in which it happened, written
// before anybody is told. Each is one append of one struct.
inline constexpr std::uint32_t kRecordMagic = 0x31584557;  // "WEX1"

enum class RecordType : std::uint32_t { kStarted = 1, kExited = 2, kFailed = 3 };

struct Record {
  std::uint32_t magic;
  RecordType type;
  WallClock at;
  std::int32_t value;  // wait status, or errno of kFailed
  std::uint32_t step;  // kFailed: index of the step
  std::uint64_t stdout_bytes;
  std::uint64_t stderr_bytes;
  std::uint64_t lost_bytes;
  // kFailed: of that step. kExited: kEndWithEngine where init ended it because the engine was gone.
  std::uint32_t op;
  std::uint32_t crc;  // CRC-32C of all before it.
};
static_assert(sizeof(Record) == 56);

[[nodiscard]] inline std::uint32_t checksum_of(const Record& record) noexcept {
  return crc32c(reinterpret_cast<const std::uint8_t*>(&record), offsetof(Record, crc));
}

// Whether a record read from disk is whole and one of this version.
[[nodiscard]] inline bool is_valid(const Record& record) noexcept {
  return record.magic == kRecordMagic && record.crc == checksum_of(record);
}

}  // namespace warren::plan
