// SPDX-License-Identifier: Apache-2.0
//
// What the tests of this module share: a directory of their own, nodes to store, and a commit that
// waits for its outcome.

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "store/store.h"
#include "tests/support/temp_directory.h"

namespace warren::store {

using test::TempDirectory;

inline Timestamp at_second(std::int64_t second) {
  return Timestamp(std::chrono::seconds(second));
}

// Different for different numbers, and rising with them.
inline NodeId make_id(std::uint16_t number) {
  return NodeId::make(at_second(1'700'000'000 + number),
                      {static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)});
}

inline model::Node make_node(std::uint16_t number) {
  model::Node node;
  node.id = make_id(number);
  node.seq = number;
  node.owner = model::Principal::of_account(1000, "alice");
  node.spec.process.argv = {"/bin/true"};
  node.state = model::State::kRunning;
  node.created_at = at_second(1'700'000'000 + number);
  return node;
}

inline model::Node make_ended(std::uint16_t number) {
  model::Node node = make_node(number);
  node.state = model::State::kCompleted;
  node.cause = {.type = model::Cause::Type::kExited, .number = 0, .subject = {}};
  node.ended_at = at_second(number);
  return node;
}

// Submits and waits for the outcome.
inline Result<> commit(Store& store, Batch batch) {
  std::promise<Result<>> promise;
  auto outcome = promise.get_future();
  store.submit(std::move(batch), [&](Result<> result) { promise.set_value(std::move(result)); });
  return outcome.get();
}

template <typename... Changes>
Batch batch_of(Changes... changes) {
  Batch batch;
  (batch.emplace_back(std::move(changes)), ...);
  return batch;
}

// `result` must hold a value; its error is the test's failure otherwise.
template <typename T>
T value_of(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    if constexpr (std::is_default_constructible_v<T>) return T();
    std::abort();
  }
  return *std::move(result);
}

inline std::unique_ptr<Store> open_store(const std::filesystem::path& directory) {
  auto opened = Store::open(directory, Durability::kProcess);
  if (opened) return std::move(opened->store);
  ADD_FAILURE() << opened.error().message;
  return nullptr;
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_store(directory_.path());
    ASSERT_TRUE(store_);
  }
  void reopen() {
    store_.reset();
    SetUp();
  }
  void put(Batch batch) {
    const auto outcome = commit(*store_, std::move(batch));
    ASSERT_TRUE(outcome) << outcome.error().message;
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

}  // namespace warren::store
