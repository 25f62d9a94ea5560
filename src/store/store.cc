// SPDX-License-Identifier: Apache-2.0

#include "store/store.h"

#include <mutex>
#include <utility>

#include "store/changes.h"
#include "store/checkpointer.h"
#include "store/queries.h"
#include "store/sqlite.h"
#include "store/state_file.h"
#include "store/writer.h"

namespace warren::store {
namespace {

struct Connections {
  Database reads;
  Database checkpoints;
  Database writes;
};

Result<Connections> connect_all(const std::filesystem::path& path, Durability durability) {
  Database reads = WARREN_TRY(connect(path, durability));
  Database checkpoints = WARREN_TRY(connect(path, durability));
  Database writes = WARREN_TRY(connect(path, durability));
  return Connections{std::move(reads), std::move(checkpoints), std::move(writes)};
}

}  // namespace

// Destroyed from the bottom: the writer commits what is queued, the checkpointer ends, and closing
// the last connection brings the write-ahead log home.
struct Store::Impl {
  explicit Impl(Connections connections)
      : reads(std::move(connections.reads)),
        checkpointer(std::move(connections.checkpoints)),
        writer(watched(std::move(connections.writes))) {}

  Database watched(Database database) {
    database.watch_wal([this](int pages) { checkpointer.log_has_grown(pages); });
    return database;
  }

  // `query` with the reading connection, one caller at a time.
  template <typename Read>
  auto read(Read query) {
    const std::lock_guard lock(mutex);
    return query(reads);
  }

  std::mutex mutex;
  Database reads;
  Checkpointer checkpointer;
  Writer writer;
};

Result<Store::Opened> Store::open(const std::filesystem::path& directory, Durability durability) {
  SetAside set_aside = WARREN_TRY(prepare_state_file(directory));
  Connections connections = WARREN_TRY(connect_all(state_path(directory), durability));
  std::unique_ptr<Store> store(new Store(std::make_unique<Impl>(std::move(connections))));
  return Opened{.store = std::move(store),
                .set_aside = std::move(set_aside),
                .lost = databases_set_aside(directory)};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

void Store::submit(Batch batch, Done done) {
  impl_->writer.submit(
      [batch = std::move(batch)](Database& database) { return apply_batch(database, batch); },
      std::move(done));
}

void Store::prune(Timestamp keys_before, std::uint64_t keep_events) {
  const auto work = [=](Database& database) {
    return store::prune(database, keys_before, keep_events);
  };
  impl_->writer.submit(work, nullptr);  // What could not be pruned now goes with the next call.
}

Result<Loaded> Store::load() {
  return impl_->read([](Database& database) { return store::load(database); });
}

Result<std::optional<model::Node>> Store::find(const NodeId& id) {
  return impl_->read([&](Database& database) { return store::find(database, id); });
}

Result<std::optional<model::Node>> Store::find_by_seq(std::uint64_t seq) {
  return impl_->read([&](Database& database) { return store::find_by_seq(database, seq); });
}

Result<std::optional<model::Node>> Store::newest_by_name(const std::string& name) {
  return impl_->read([&](Database& database) { return store::newest_by_name(database, name); });
}

Result<std::vector<model::Node>> Store::find_by_prefix(
    const std::string& prefix, std::uint32_t limit, const std::optional<model::Principal>& owner) {
  return impl_->read(
      [&](Database& database) { return store::find_by_prefix(database, prefix, limit, owner); });
}

Result<Page> Store::list(const Query& query) {
  return impl_->read([&](Database& database) { return store::list(database, query); });
}

Result<std::vector<NodeId>> Store::children(const NodeId& parent) {
  return impl_->read([&](Database& database) { return store::children(database, parent); });
}

Result<std::optional<KeyRecord>> Store::find_key(const std::string& owner, const std::string& key) {
  return impl_->read([&](Database& database) { return store::find_key(database, owner, key); });
}

Result<std::vector<NodeEvent>> Store::events(std::uint64_t after, std::uint32_t limit) {
  return impl_->read([&](Database& database) { return store::events(database, after, limit); });
}

Result<std::vector<NodeId>> Store::expired(Timestamp ended_before, std::uint64_t keep,
                                           std::uint32_t limit) {
  return impl_->read(
      [&](Database& database) { return store::expired(database, ended_before, keep, limit); });
}

}  // namespace warren::store
