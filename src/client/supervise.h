// SPDX-License-Identifier: Apache-2.0
//
// The programs that serve one pair of directories, kept running: the engine, which is found or
// started, and the gateway, with the certificates that its directory has now. What of them we have
// started ends with this program, however that ends.

#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/directory_path.h"
#include "base/result.h"
#include "client/child.h"
#include "client/growing_pause.h"
#include "client/places.h"
#include "wire/client_channel.h"

namespace warren::client {

struct ServiceOrder {
  Places places;
  std::string user;    // Of the gateway.
  std::string listen;  // ADDRESS:PORT of the gateway.
  std::string certs;   // Where ca.crt, server.crt and server.key are.
  // A file that they are made of, where they are not written there by others, and what makes them
  // anew of it.
  std::string certs_source{};
  std::function<Result<>()> renew{};
};

class Services {
 public:
  // Returns once the engine serves.
  [[nodiscard]] static Result<Services> begin(ServiceOrder order);
  // Returns once the gateway serves as well. Where it cannot, the engine that was started for it
  // has ended, too.
  [[nodiscard]] Result<> open_gateway();

  // Whether the engine is one that was there already, with a configuration of its own.
  [[nodiscard]] bool has_found_engine() const noexcept { return engine_.found.get() >= 0; }

  // Whether somebody else has told the engine to end, which is meant for all that serves with it:
  // it is not started again.
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }

  // Where the gateway listens, with the port that it has got.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

  // For a loop around poll(2): what to wait for, and how long at most (-1: for ever).
  void add_interests(std::vector<pollfd>& interests) const;
  [[nodiscard]] int timeout() const;

  // Starts again what has ended and has paused for long enough, and hands the gateway certificates
  // that have changed. Returns what there is to be said of it, a sentence for each.
  [[nodiscard]] std::vector<std::string> advance();

  // In this order: nobody calls any more, then nobody serves. An engine that was there before ours
  // goes on.
  [[nodiscard]] Result<> stop_gateway();
  [[nodiscard]] Result<> stop_engine();

 private:
  using Clock = std::chrono::steady_clock;
  using Notes = std::vector<std::string>;

  // One of the programs: it runs, or waits until it is started again.
  struct Service {
    std::string name;
    std::optional<Child> child{};
    os::UniqueFd found{};  // Of an engine that is not ours: ready once it has ended.
    Clock::time_point since{};
    std::optional<Clock::time_point> again{};
    GrowingPause pause{};

    [[nodiscard]] int fd() const noexcept { return child ? child->fd() : found.get(); }
  };

  explicit Services(ServiceOrder order) : order_(std::move(order)) {}

  [[nodiscard]] Result<> start_engine();
  [[nodiscard]] Result<> watch_engine(const wire::ClientChannel& channel);
  [[nodiscard]] Result<> start_gateway();
  [[nodiscard]] Result<> stage();
  [[nodiscard]] Result<> renew_and_stage();
  [[nodiscard]] Result<> watch_certificates();
  void take_end(Service& service, Notes& notes);
  [[nodiscard]] bool is_end_of_all(const Service& service, std::optional<int> status) const;
  void take_changes();
  [[nodiscard]] Result<> end_found_engine();
  void start_again(Service& service, Result<> (Services::*start)(), Notes& notes);
  void stage_again(Notes& notes);
  [[nodiscard]] std::string gateway_directory() const {
    return warren::gateway_directory(order_.places.runtime_dir);
  }

  ServiceOrder order_;
  std::string address_;
  Service engine_{.name = "warrend"};
  Service gateway_{.name = "warren-gateway"};
  os::UniqueFd changes_;  // inotify(7) of the directory of the certificates, or of their source.
  std::optional<Clock::time_point> stage_at_;
  bool keeps_engine_ = false;  // And has said so, for whoever ends it.
  bool is_over_ = false;
};

}  // namespace warren::client
