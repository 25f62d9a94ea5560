// SPDX-License-Identifier: Apache-2.0

#include "store/sqlite.h"

#include <sqlite3.h>

#include <bit>
#include <tuple>
#include <utility>

namespace warren::store {
namespace {

constexpr int kPrimaryCode = 0xff;  // The rest of an extended code says where it happened.

Errc to_errc(int code) noexcept {
  switch (code & kPrimaryCode) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Errc::kResourceExhausted;
    case SQLITE_CONSTRAINT:
      return Errc::kAlreadyExists;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Errc::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::kUnavailable;
    default:
      return Errc::kInternal;
  }
}

bool means_corrupt(int code) noexcept {
  const int primary = code & kPrimaryCode;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* raw) const noexcept {
  ::sqlite3_finalize(raw);
}

Execution::Execution(Execution&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      parameter_(other.parameter_),
      column_(other.column_),
      bind_code_(other.bind_code_) {}

Execution::~Execution() {
  if (statement_ == nullptr) return;
  ::sqlite3_reset(statement_);
  ::sqlite3_clear_bindings(statement_);
}

void Execution::note(int code) noexcept {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void Execution::bind(std::nullopt_t) noexcept {
  note(::sqlite3_bind_null(statement_, ++parameter_));
}

void Execution::bind(std::int64_t value) noexcept {
  note(::sqlite3_bind_int64(statement_, ++parameter_, value));
}

void Execution::bind(std::uint64_t value) noexcept {
  bind(std::bit_cast<std::int64_t>(value));
}

void Execution::bind(std::string_view value) noexcept {
  // A view of nothing may hold a null pointer, which SQLite would take for NULL.
  const char* text = value.empty() ? "" : value.data();
  note(::sqlite3_bind_text64(statement_, ++parameter_, text, value.size(), SQLITE_STATIC,
                             SQLITE_UTF8));
}

void Execution::bind(Blob value) noexcept {
  note(::sqlite3_bind_blob64(statement_, ++parameter_, value.data(), value.size(), SQLITE_STATIC));
}

Result<bool> Execution::next() {
  if (bind_code_ != SQLITE_OK) return database_->failure(bind_code_);
  column_ = 0;
  const int code = ::sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->failure(code);
}

Result<> Execution::run() {
  for (;;) {
    const bool more = WARREN_TRY(next());
    if (!more) return {};
  }
}

bool Execution::next_is_null() const noexcept {
  return ::sqlite3_column_type(statement_, column_) == SQLITE_NULL;
}

std::int64_t Execution::integer() noexcept {
  return ::sqlite3_column_int64(statement_, column_++);
}

std::uint64_t Execution::number() noexcept {
  return std::bit_cast<std::uint64_t>(integer());
}

std::string_view Execution::text() noexcept {
  const Blob bytes = blob();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Blob Execution::blob() noexcept {
  const int column = column_++;
  const void* bytes = ::sqlite3_column_blob(statement_, column);
  const int size = ::sqlite3_column_bytes(statement_, column);
  return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)};
}

void Database::Close::operator()(sqlite3* raw) const noexcept {
  ::sqlite3_close_v2(raw);
}

Result<Database> Database::open(const std::string& path) {
  sqlite3* raw = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = ::sqlite3_open_v2(path.c_str(), &raw, kFlags, nullptr);
  Database database(raw);  // Even a failed open gives something to close.
  if (code != SQLITE_OK) return context(Result<Database>(database.failure(code)), "{}", path);
  // Only the start and the end of a connection can meet a lock of another one.
  constexpr int kBusyMilliseconds = 5000;
  ::sqlite3_busy_timeout(raw, kBusyMilliseconds);
  return database;
}

Result<Statement> Database::prepare_once(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = ::sqlite3_prepare_v3(raw_.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return Statement(raw);
}

Result<Execution> Database::cached(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    Statement statement = WARREN_TRY(prepare_once(sql));
    found = statements_.emplace(std::string(sql), std::move(statement)).first;
  }
  return Execution(*this, found->second.get());
}

Result<> Database::run_script(const std::string& sql) {
  const int code = ::sqlite3_exec(raw_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code);
  return {};
}

bool Database::in_transaction() const noexcept {
  return ::sqlite3_get_autocommit(raw_.get()) == 0;
}

void Database::leave_untouched() noexcept {
  ::sqlite3_db_config(raw_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Database::watch_wal(WalGrown grown) {
  wal_grown_ = std::make_unique<WalGrown>(std::move(grown));
  const auto hook = [](void* callback, sqlite3*, const char*, int pages) {
    (*static_cast<WalGrown*>(callback))(pages);
    return SQLITE_OK;
  };
  ::sqlite3_wal_hook(raw_.get(), hook, wal_grown_.get());
}

Result<bool> Database::checkpoint() {
  int in_log = 0;
  int copied = 0;
  const int code =
      ::sqlite3_wal_checkpoint_v2(raw_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  if (code != SQLITE_OK) return failure(code);
  return in_log == copied;
}

std::unexpected<Error> Database::failure(int code) {
  if (means_corrupt(code) && !std::exchange(found_corrupt_, true) && when_corrupt_) {
    when_corrupt_();
  }
  // The connection's own sentence is finer than the code's, when it is about the same failure.
  const bool same = raw_ != nullptr && ::sqlite3_extended_errcode(raw_.get()) == code;
  const char* message = same ? ::sqlite3_errmsg(raw_.get()) : ::sqlite3_errstr(code);
  return fail(to_errc(code), "{}", message);
}

Result<Transaction> Transaction::begin(Database& database) {
  WARREN_TRY(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // A full disk may already have ended the transaction by itself.
  if (database_ != nullptr && database_->in_transaction()) std::ignore = database_->run("ROLLBACK");
}

Result<> Transaction::commit() {
  WARREN_TRY(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace warren::store
