// SPDX-License-Identifier: Apache-2.0
//
// How many calls may be open for each of those who make them. Whoever opens calls and resets them
// at once does not count against the library's bound of streams, but each of these calls is there
// until it is over (CVE-2023-44487).

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace warren::gateway {

// Used on any thread.
class CallLimit {
 public:
  // Of one call; given back when it goes, which may be after the limit itself.
  class Place {
   public:
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class CallLimit;
    struct State;
    Place(std::shared_ptr<State> state, std::string holder);

    std::shared_ptr<State> state_;  // Null: moved from.
    std::string holder_;
  };

  explicit CallLimit(std::size_t most_of_each);

  // Nothing where `holder` has as many as it may.
  [[nodiscard]] std::optional<Place> take(std::string_view holder);

  // Those who have a place.
  [[nodiscard]] std::size_t holders() const;

 private:
  std::shared_ptr<Place::State> state_;
};

}  // namespace warren::gateway
