// SPDX-License-Identifier: Apache-2.0

#include "init/order.h"

namespace warren::init {
namespace {

// 0 for what is no order.
std::size_t size_of(plan::MessageType type) noexcept {
  switch (type) {
    case plan::MessageType::kLaunch:
    case plan::MessageType::kStart:
      return sizeof(plan::Start);
    case plan::MessageType::kSignal:
      return sizeof(plan::Signal);
    case plan::MessageType::kReleaseInput:
      return sizeof(plan::ReleaseInput);
    case plan::MessageType::kDial:
      return sizeof(plan::Dial);
    case plan::MessageType::kAccept:
      return sizeof(plan::Accept);
    case plan::MessageType::kAttach:
    case plan::MessageType::kStat:
    case plan::MessageType::kQuit:
      return sizeof(plan::MessageHead);
    default:
      return 0;
  }
}

}  // namespace

bool is_whole(const Order& order, std::size_t bytes) noexcept {
  if (bytes < sizeof(plan::MessageHead) || order.head.bytes != bytes) return false;
  if (bytes != size_of(order.head.type)) return false;
  // An engine of any version may ask whom it talks to.
  if (order.head.type == plan::MessageType::kAttach) return true;
  if (order.head.version != plan::kProtocolVersion) return false;
  const bool has_slots = bytes == sizeof(plan::Start);
  return !has_slots || order.start.descriptors <= plan::kMostDescriptors;
}

}  // namespace warren::init
