// SPDX-License-Identifier: Apache-2.0
//
// Thin owners for SQLite: a connection, a prepared statement, one run of it, a transaction. Values
// are bound and read in order. A connection and what comes from it belong to one thread at a time.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace warren::store {

using Blob = std::span<const std::uint8_t>;

class Statement {
 public:
  explicit Statement(sqlite3_stmt* raw) noexcept : raw_(raw) {}
  [[nodiscard]] sqlite3_stmt* get() const noexcept { return raw_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* raw) const noexcept;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> raw_;
};

class Database;

// One run of a prepared statement. Resets the statement when it goes, which also ends the read
// transaction that a row in hand keeps open.
class Execution {
 public:
  Execution(Database& database, sqlite3_stmt* statement) noexcept
      : database_(&database), statement_(statement) {}
  Execution(Execution&& other) noexcept;
  Execution& operator=(Execution&&) = delete;
  ~Execution();

  // Binds the next parameter. Text and blobs are not copied: they must outlive the execution.
  void bind(std::nullopt_t) noexcept;
  void bind(std::int64_t value) noexcept;
  void bind(std::uint64_t value) noexcept;  // Kept bit for bit.
  void bind(std::string_view value) noexcept;
  void bind(Blob value) noexcept;

  // Goes to the next row; false when there is none. A parameter that could not be bound fails here.
  [[nodiscard]] Result<bool> next();
  // Runs a statement that gives no rows, or none of interest, to its end.
  [[nodiscard]] Result<> run();

  // Reads the next column of the row in hand. Views live until the next call of next().
  [[nodiscard]] bool next_is_null() const noexcept;
  void skip() noexcept { ++column_; }
  [[nodiscard]] std::int64_t integer() noexcept;
  [[nodiscard]] std::uint64_t number() noexcept;
  [[nodiscard]] std::string_view text() noexcept;
  [[nodiscard]] Blob blob() noexcept;

 private:
  void note(int code) noexcept;

  Database* database_;
  sqlite3_stmt* statement_;
  int parameter_ = 0;
  int column_ = 0;
  int bind_code_ = 0;
};

class Database {
 public:
  // Opens an existing file. What is in it is looked at by the first statement, not before.
  [[nodiscard]] static Result<Database> open(const std::string& path);

  // Prepares `sql`, or takes it from the cache of this connection, and binds `values`. Two
  // executions of the same text must not be alive at the same time.
  template <typename... Values>
  [[nodiscard]] Result<Execution> prepare(std::string_view sql, const Values&... values) {
    Execution execution = WARREN_TRY(cached(sql));
    (execution.bind(values), ...);
    return execution;
  }

  // For texts that vary: prepares `sql` and keeps it out of the cache.
  [[nodiscard]] Result<Statement> prepare_once(std::string_view sql);

  // prepare() and Execution::run() in one.
  template <typename... Values>
  [[nodiscard]] Result<> run(std::string_view sql, const Values&... values) {
    Execution execution = WARREN_TRY(prepare(sql, values...));
    return execution.run();
  }

  // Runs statements without parameters, separated by semicolons.
  [[nodiscard]] Result<> run_script(const std::string& sql);

  [[nodiscard]] bool in_transaction() const noexcept;
  // Whether any call has found that the file is no sound database.
  [[nodiscard]] bool found_corrupt() const noexcept { return found_corrupt_; }

  // Calls `react` when that is found for the first time.
  void when_corrupt(std::function<void()> react) { when_corrupt_ = std::move(react); }

  // From now on closing this connection writes nothing to the file.
  void leave_untouched() noexcept;

  // After each commit `grown` gets the pages in the write-ahead log; checkpoints become its duty.
  using WalGrown = std::function<void(int pages)>;
  void watch_wal(WalGrown grown);
  // Copies as much of the write-ahead log as can be without waiting for anybody. True: all of it.
  [[nodiscard]] Result<bool> checkpoint();

 private:
  friend class Execution;
  struct Close {
    void operator()(sqlite3* raw) const noexcept;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  explicit Database(sqlite3* raw) : raw_(raw) {}
  [[nodiscard]] Result<Execution> cached(std::string_view sql);
  [[nodiscard]] std::unexpected<Error> failure(int code);

  std::unique_ptr<WalGrown> wal_grown_;  // Its address is known to SQLite.
  bool found_corrupt_ = false;
  std::function<void()> when_corrupt_;
  std::unique_ptr<sqlite3, Close> raw_;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
};

// A write transaction, rolled back unless it is committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Result<> commit();

 private:
  explicit Transaction(Database& database) noexcept : database_(&database) {}
  Database* database_;  // Null once it is over.
};

// Applies `read` to every row.
template <typename T>
[[nodiscard]] Result<std::vector<T>> collect(Execution& rows, Result<T> (*read)(Execution&)) {
  std::vector<T> all;
  for (;;) {
    const bool more = WARREN_TRY(rows.next());
    if (!more) return all;
    T row = WARREN_TRY(read(rows));
    all.push_back(std::move(row));
  }
}

// Applies `read` to the first row, if there is one.
template <typename T>
[[nodiscard]] Result<std::optional<T>> first(Execution& rows, Result<T> (*read)(Execution&)) {
  const bool found = WARREN_TRY(rows.next());
  if (!found) return std::nullopt;
  T row = WARREN_TRY(read(rows));
  return std::optional<T>(std::move(row));
}

}  // namespace warren::store
