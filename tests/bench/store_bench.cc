// SPDX-License-Identifier: Apache-2.0
//
// What a durable change costs: alone, in groups, and beside 100,000 ended nodes.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace warren::store {
namespace {

using Clock = std::chrono::steady_clock;

// A store with `ended` ended nodes, in a directory of its own that goes with it.
class Fixture {
 public:
  Fixture(Durability durability, std::uint32_t ended) {
    std::string name = (std::filesystem::temp_directory_path() / "warren-bench-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    directory_ = name;
    auto opened = Store::open(directory_, durability);
    if (!opened) std::abort();
    store_ = std::move(opened->store);
    for (std::uint32_t i = 0; i < ended; ++i) submit_ended();
    std::latch done(1);
    store_->submit({}, [&](const Result<>&) { done.count_down(); });
    done.wait();
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  [[nodiscard]] Store& store() { return *store_; }

  // The three rows of a start.
  [[nodiscard]] Batch start() {
    model::Node node = next_node();
    NodeEvent event{.number = 0,
                    .at = node.created_at,
                    .node = node.id,
                    .seq = node.seq,
                    .state = node.state,
                    .cause = {}};
    Footprint footprint{.sandbox = node.id, .record = std::string(200, 'f')};
    Batch batch;
    batch.emplace_back(InsertNode{std::move(node)});
    batch.emplace_back(PutFootprint{std::move(footprint)});
    batch.emplace_back(PutEvent{std::move(event)});
    return batch;
  }

 private:
  model::Node next_node() {
    model::Node node;
    ++number_;
    node.created_at = Timestamp(std::chrono::milliseconds(1'700'000'000'000 + number_));
    node.id = NodeId::make(node.created_at, {static_cast<std::uint8_t>(number_)});
    node.seq = number_;
    node.owner.name = "alice";
    node.spec.process.argv = {"/bin/sh", "-c", "true"};
    node.spec.process.env = {{"PATH", "/usr/bin:/bin"}};
    node.state = model::State::kStarting;
    return node;
  }

  void submit_ended() {
    model::Node node = next_node();
    node.state = model::State::kCompleted;
    node.ended_at = node.created_at;
    Batch batch;
    batch.emplace_back(InsertNode{std::move(node)});
    store_->submit(std::move(batch), nullptr);
  }

  std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
  std::uint64_t number_ = 0;
};

void report(benchmark::State& state, std::vector<double>& microseconds) {
  std::ranges::sort(microseconds);
  const auto at = [&](double part) {
    return microseconds[static_cast<std::size_t>(part * double(microseconds.size() - 1))];
  };
  state.counters["p50_us"] = at(0.5);
  state.counters["p99_us"] = at(0.99);
  state.counters["max_us"] = at(1);
}

// From submit() to the call of done, one start at a time.
void start_alone(benchmark::State& state, Durability durability, std::uint32_t ended) {
  Fixture fixture(durability, ended);
  std::vector<double> microseconds;
  for (auto _ : state) {
    std::latch done(1);
    Clock::time_point committed;
    Batch batch = fixture.start();
    const auto begun = Clock::now();
    fixture.store().submit(std::move(batch), [&](const Result<>& outcome) {
      if (!outcome) std::abort();
      committed = Clock::now();
      done.count_down();
    });
    done.wait();
    microseconds.push_back(std::chrono::duration<double, std::micro>(committed - begun).count());
  }
  report(state, microseconds);
}
BENCHMARK_CAPTURE(start_alone, process, Durability::kProcess, 0)->Iterations(20'000);
BENCHMARK_CAPTURE(start_alone, process_beside_100k, Durability::kProcess, 100'000)
    ->Iterations(20'000);
BENCHMARK_CAPTURE(start_alone, power, Durability::kPower, 0)->Iterations(2'000);

void starts_in_groups(benchmark::State& state) {
  Fixture fixture(Durability::kProcess, 0);
  const auto size = state.range(0);
  for (auto _ : state) {
    std::latch done(size);
    for (std::int64_t i = 0; i < size; ++i) {
      fixture.store().submit(fixture.start(), [&](const Result<>&) { done.count_down(); });
    }
    done.wait();
  }
  state.SetItemsProcessed(state.iterations() * size);
}
BENCHMARK(starts_in_groups)->Arg(32)->UseRealTime();

void expired_among_100k(benchmark::State& state) {
  Fixture fixture(Durability::kProcess, 100'000);
  for (auto _ : state) {
    benchmark::DoNotOptimize(fixture.store().expired(Timestamp(), 99'000, 100));
  }
}
BENCHMARK(expired_among_100k)->Unit(benchmark::kMillisecond);

void list_newest_among_100k(benchmark::State& state) {
  Fixture fixture(Durability::kProcess, 100'000);
  Query query;
  query.limit = 100;
  for (auto _ : state) benchmark::DoNotOptimize(fixture.store().list(query));
}
BENCHMARK(list_newest_among_100k)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace warren::store

BENCHMARK_MAIN();
