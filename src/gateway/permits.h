// SPDX-License-Identifier: Apache-2.0
//
// Who may have a large request in memory: a few at a time, and one of each client. Clients that
// wait have their turns one after the other, however often each of them has asked.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <list>
#include <memory>
#include <set>
#include <string>

namespace warren::gateway {

// Used on the one thread that runs its executor.
class Permits {
 public:
  // Given back when it goes, which is before the Permits it came from do.
  class Permit {
   public:
    Permit(Permits& permits, std::string holder);
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    Permits* permits_;
    std::string holder_;
  };

  Permits(boost::asio::any_io_executor executor, std::size_t most);

  // Waits until fewer than `most` are out, and none of them is `holder`'s.
  [[nodiscard]] boost::asio::awaitable<Permit> acquire(std::string holder);

  [[nodiscard]] std::size_t in_use() const noexcept { return holders_.size(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct Waiter;

  [[nodiscard]] bool is_free_for(const std::string& holder) const;
  void give_back(const std::string& holder);
  void serve_waiting();

  boost::asio::any_io_executor executor_;
  std::size_t most_;
  std::set<std::string> holders_;
  std::list<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace warren::gateway
