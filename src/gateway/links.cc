// SPDX-License-Identifier: Apache-2.0

#include "gateway/links.h"

#include <utility>

#include "base/co_try.h"
#include "loop/gate.h"

namespace warren::gateway {
namespace {

v1::OnBehalfOf::Role role_of(model::Role role) {
  switch (role) {
    case model::Role::kAdmin:
      return v1::OnBehalfOf::ROLE_ADMIN;
    case model::Role::kViewer:
      return v1::OnBehalfOf::ROLE_VIEWER;
    case model::Role::kUser:
      return v1::OnBehalfOf::ROLE_USER;
  }
  return v1::OnBehalfOf::ROLE_UNSPECIFIED;  // Which the engine refuses.
}

// As a client may see it: nothing of this machine's paths.
Error seen_by_client(Error error) {
  if (error.code != Errc::kNotFound && error.code != Errc::kUnavailable) return error;
  return {.code = Errc::kUnavailable, .message = "the engine cannot be reached"};
}

}  // namespace

struct Links::Link {
  // Whether nobody but Links has it, and no call is open.
  [[nodiscard]] bool is_idle() const {
    return channel && channel.use_count() == 1 && channel->open_calls() == 0;
  }

  std::shared_ptr<wire::AsyncChannel> channel;  // Absent until it is connected.
  Error failure = {};                           // Why it never was.
  loop::Gate tried;
  std::uint64_t last_use = 0;
};

boost::asio::awaitable<Result<std::shared_ptr<wire::AsyncChannel>>> Links::to(Identity client,
                                                                              model::Face face) {
  const Key key{.name = std::move(client.name), .role = client.role, .face = face};
  std::shared_ptr<Link> link = find(key);
  if (link) {
    co_await link->tried.wait();
  } else {
    WARREN_CO_TRY(make_room());
    link = std::make_shared<Link>();
    links_[key] = link;
    co_await connect(key, link);
  }
  if (!link->channel) co_return std::unexpected(link->failure);
  link->last_use = ++uses_;
  co_return link->channel;
}

boost::asio::awaitable<void> Links::connect(Key key, std::shared_ptr<Link> link) {
  v1::OnBehalfOf whom;
  whom.set_name(key.name);
  whom.set_role(role_of(key.role));
  whom.set_face(std::string(model::to_text(key.face)));
  auto connected = co_await wire::AsyncChannel::connect(socket_, std::move(whom));
  if (connected) {
    link->channel = *std::move(connected);
  } else {
    link->failure = seen_by_client(std::move(connected.error()));
    links_.erase(key);
  }
  link->tried.open();
}

std::shared_ptr<Links::Link> Links::find(const Key& key) {
  const auto found = links_.find(key);
  if (found == links_.end()) return nullptr;
  if (!found->second->channel || !found->second->channel->is_lost()) return found->second;
  links_.erase(found);
  return nullptr;
}

Result<> Links::make_room() {
  std::erase_if(links_, [](const auto& entry) {
    return entry.second->channel && entry.second->channel->is_lost();
  });
  if (links_.size() < most_) return {};
  auto oldest = links_.end();
  for (auto each = links_.begin(); each != links_.end(); ++each) {
    if (!each->second->is_idle()) continue;
    if (oldest == links_.end() || each->second->last_use < oldest->second->last_use) oldest = each;
  }
  if (oldest == links_.end()) {
    return fail(Errc::kResourceExhausted, "too many clients at a time");
  }
  links_.erase(oldest);
  return {};
}

}  // namespace warren::gateway
