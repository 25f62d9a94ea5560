// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/session.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "gateway/limited_log.h"
#include "os/call.h"
#include "os/file.h"
#include "os/tcp.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// RFC 9113, section 3.4.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What one session moves before others have their turn.
constexpr std::size_t kTurn = std::size_t{256} * 1024;

// How long a client waits that is ahead of what may come of it.
constexpr std::chrono::milliseconds kPause{5};

FrameWatch::Time now() {
  return std::chrono::steady_clock::now();
}

std::array<std::byte, 4> bytes_of(std::uint32_t number) {
  std::array<std::byte, 4> bytes{};
  for (std::byte& byte : bytes) {
    byte = std::byte(number >> 24);
    number <<= 8;
  }
  return bytes;
}

// GOAWAY of ENHANCE_YOUR_CALM: RFC 9113, sections 6.8 and 7.
std::array<std::byte, kFrameHeadSize + 8> goodbye(std::uint32_t last_stream) {
  constexpr std::uint32_t kEnhanceYourCalm = 0xb;
  std::array<std::byte, kFrameHeadSize + 8> frame{};
  frame[2] = std::byte{8};
  frame[3] = std::byte(FrameKind::kGoAway);
  std::ranges::copy(bytes_of(last_stream), frame.begin() + kFrameHeadSize);
  std::ranges::copy(bytes_of(kEnhanceYourCalm), frame.begin() + kFrameHeadSize + 4);
  return frame;
}

}  // namespace

Session::Session(SessionHost& host, ConnectionId id, const asio::any_io_executor& loop,
                 os::UniqueFd client, std::string peer)
    : host_(host),
      id_(id),
      peer_(std::move(peer)),
      client_(loop, client.release()),
      library_(loop),
      limit_(loop),
      pause_(loop) {}

void Session::begin() {
  limit_time(kHandshakeTime, &Session::give_up_waiting);
  after(client_, Wait::wait_read, &Session::shake_hands);
}

void Session::drop() {
  if (is_over_) return;
  std::ignore = os::drop_when_closed(client_.native_handle());  // It has gone already.
  end();
}

void Session::end_unless_open() {
  if (greeted_ < kPreface.size()) drop();
}

void Session::seen(std::size_t calls) noexcept {
  if (watch_) watch_->seen(calls);
}

// Nothing that was wanted before the connection went another way is done after it: what has become
// ready at the same time may already be on its way here.
auto Session::to(Act act) {
  return [self = shared_from_this(), act, stage = stage_](const error_code& cancelled) {
    if (!cancelled && self->stage_ == stage) ((*self).*act)();
  };
}

void Session::after(Descriptor& descriptor, Wait what, Act act) {
  descriptor.async_wait(what, to(act));
}

void Session::after_others(Act act) {
  asio::post(client_.get_executor(), [step = to(act)] { step({}); });
}

void Session::limit_time(std::chrono::seconds most, Act act) {
  limit_.expires_after(most);
  limit_.async_wait(to(act));
}

// Whoever says nothing has cost nothing but a descriptor up to here.
void Session::shake_hands() {
  if (!tls_) {
    auto tls = TlsStream::accept(host_.tls_context(), client_.native_handle());
    if (!tls) return refuse(tls.error().message);
    tls_ = *std::move(tls);
  }
  switch (const Step step = tls_->shake_hands()) {
    case Step::kDone:
      return welcome();
    case Step::kWantsRead:
      return after(client_, Wait::wait_read, &Session::shake_hands);
    case Step::kWantsWrite:
      return after(client_, Wait::wait_write, &Session::shake_hands);
    default:
      return stop_taking(step);
  }
}

void Session::welcome() {
  Shown shown;
  if (auto subject = tls_->subject()) {
    shown = *subject ? identify((*subject)->common_name, (*subject)->unit)
                     : std::unexpected(std::move(*subject).error());
  }
  auto place = host_.admit(id_, shown);
  if (!place) return refuse(place.error().message);
  watch_.emplace(host_.frame_bounds(), std::move(place->client), std::move(place->all), now());
  // It has the last word of the handshake, and may hold its preface back until that has come.
  std::ignore = os::acknowledge_now(client_.native_handle());
  take_from_client();
}

// Scanners that connect and wait are no news.
void Session::give_up_waiting() {
  if (tls_) complain("it did not get as far as HTTP/2 in time");
  drop();
}

// Takes what is the preface off `bytes`; false: the session is over.
bool Session::greet(std::span<const std::byte>& bytes) {
  const auto wanted = std::as_bytes(std::span(kPreface)).subspan(greeted_);
  const std::size_t count = std::min(wanted.size(), bytes.size());
  if (!std::ranges::equal(bytes.first(count), wanted.first(count))) {
    refuse("it does not speak HTTP/2");
    return false;
  }
  greeted_ += count;
  bytes = bytes.subspan(count);
  return greeted_ < kPreface.size() || open_library();
}

bool Session::open_library() {
  limit_.cancel();
  auto ours = host_.connect_to_library(id_);
  if (!ours) {
    refuse(ours.error().message);
    return false;
  }
  library_.assign(ours->release());
  // There is nothing before it.
  std::ignore = os::write_some(library_.native_handle(), std::as_bytes(std::span(kPreface)));
  after(library_, Wait::wait_error, &Session::notice_librarys_end);
  after(library_, Wait::wait_read, &Session::take_from_library);
  return true;
}

// What is being written for a client that does not read hides it from whoever reads.
void Session::notice_librarys_end() {
  limit_time(kEndTime, &Session::drop);
}

void Session::take_from_client() {
  if (!tls_->still_counts(host_.tls_context(), std::chrono::system_clock::now())) {
    // A client that is told that its last call was not looked at would come back with it, in vain.
    complain("its certificate does not count any more");
    return drop();
  }
  const std::span<std::byte> scratch = host_.scratch();
  for (std::size_t taken = 0; taken < kTurn;) {
    const auto [count, step] = tls_->read(scratch);
    taken += count;
    if (count > 0 && !pass_to_library(scratch.first(count))) return;
    if (step == Step::kWantsRead) {
      return after(client_, Wait::wait_read, &Session::take_from_client);
    }
    if (step == Step::kWantsWrite) {
      return after(client_, Wait::wait_write, &Session::take_from_client);
    }
    if (step != Step::kDone) return stop_taking(step);
    if (count < scratch.size()) break;  // It came in small pieces.
  }
  after_others(&Session::take_from_client);
}

void Session::go_on_from_client() {
  if (pass_to_library(to_library_.bytes())) take_from_client();
}

// The library ends the connection once it has seen that nothing more comes.
void Session::stop_taking(Step step) {
  if (step == Step::kEnded && library_.is_open()) {
    std::ignore = os::call([this] { return ::shutdown(library_.native_handle(), SHUT_WR); });
    return limit_time(kEndTime, &Session::drop);
  }
  if (!tls_->failure().empty()) complain(tls_->failure());
  end();
}

// What is behind TLS goes as far as it may and the library takes it; false: that was not all, and
// what goes on with the rest is under way.
bool Session::pass_to_library(std::span<const std::byte> bytes) {
  if (greeted_ < kPreface.size() && !greet(bytes)) return false;
  while (!bytes.empty()) {
    if (approved_ == 0) {
      const auto approved = watch_over(bytes);
      if (!approved) return false;
      approved_ = *approved;
      if (approved_ == 0) {
        to_library_.keep(bytes);
        pause_.expires_after(kPause);
        pause_.async_wait(to(&Session::go_on_from_client));
        return false;
      }
    }
    const auto sent = os::write_some(library_.native_handle(), bytes.first(approved_));
    // The library has ended. What it has said last comes first.
    if (!sent && sent.error().value != EAGAIN) return false;
    const std::size_t count = sent.value_or(0);
    approved_ -= count;
    bytes = bytes.subspan(count);
    if (approved_ > 0) {
      to_library_.keep(bytes);
      after(library_, Wait::wait_write, &Session::go_on_from_client);
      return false;
    }
  }
  to_library_.keep({});
  return true;
}

// How much may go to the library now; nothing: the session is over.
std::optional<std::size_t> Session::watch_over(std::span<const std::byte> bytes) {
  FrameWatch::Look look = watch_->from_client(bytes, now());
  if (look.verdict == FrameWatch::Verdict::kPause && look.passed == 0 && host_.share_seen()) {
    look = watch_->from_client(bytes, now());
  }
  if (look.verdict == FrameWatch::Verdict::kEnd) {
    refuse(watch_->complaint());
    return std::nullopt;
  }
  return look.passed;
}

void Session::take_from_library() {
  const std::span<std::byte> scratch = host_.scratch();
  for (std::size_t taken = 0; taken < kTurn;) {
    const auto count = os::read_some(library_.native_handle(), scratch);
    if (!count && count.error().value == EAGAIN) {
      return after(library_, Wait::wait_read, &Session::take_from_library);
    }
    if (count.value_or(0) == 0) return leave();
    taken += *count;
    if (!pass_to_client(scratch.first(*count))) return;
  }
  after_others(&Session::take_from_library);
}

void Session::go_on_from_library() {
  if (pass_to_client(to_client_.bytes())) take_from_library();
}

// As pass_to_library(), the other way.
bool Session::pass_to_client(std::span<const std::byte> bytes) {
  if (to_client_.empty() && watch_->from_library(bytes, now()) == FrameWatch::Verdict::kEnd) {
    refuse(watch_->complaint());
    return false;
  }
  const auto [count, step] = tls_->write(bytes);
  to_client_.keep(bytes.subspan(count));
  switch (step) {
    case Step::kDone:
      return true;
    case Step::kWantsRead:
      after(client_, Wait::wait_read, &Session::go_on_from_library);
      return false;
    case Step::kWantsWrite:
      after(client_, Wait::wait_write, &Session::go_on_from_library);
      return false;
    default:
      stop_taking(step);
      return false;
  }
}

// A connection that is closed with something unread is reset, and a client that still writes might
// not read what the library has said last.
void Session::leave() {
  ++stage_;
  error_code ignored;
  library_.close(ignored);
  client_.cancel(ignored);
  tls_->close();
  tls_.reset();
  watch_.reset();
  std::ignore = os::call([this] { return ::shutdown(client_.native_handle(), SHUT_WR); });
  limit_time(kLeaveTime, &Session::end);
  await_clients_end();
}

void Session::await_clients_end() {
  const auto count = os::read_some(client_.native_handle(), host_.scratch());
  const bool is_silent = !count && count.error().value == EAGAIN;
  if (!is_silent && count.value_or(0) == 0) return end();
  after(client_, Wait::wait_read, &Session::await_clients_end);
}

void Session::refuse(std::string_view complaint) {
  complain(complaint);
  say_goodbye();
  end();
}

// Only to whoever reads what it is sent.
void Session::say_goodbye() {
  if (!to_client_.empty() || !watch_ || !watch_->may_say_goodbye()) {
    std::ignore = os::drop_when_closed(client_.native_handle());  // It has gone already.
    return;
  }
  std::ignore = tls_->write(goodbye(watch_->last_stream()));  // The end says it, too.
  tls_->close();
}

void Session::complain(std::string_view what) const {
  log_limited(fmt::format("{}: {}", peer_, what));
}

void Session::end() {
  ++stage_;
  is_over_ = true;
  limit_.cancel();
  pause_.cancel();
  tls_.reset();
  watch_.reset();
  error_code ignored;
  library_.close(ignored);
  client_.close(ignored);
  host_.ended(id_);
}

}  // namespace warren::gateway
