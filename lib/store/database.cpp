#include "store/database.hpp"

#include <fmt/format.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "base/error.hpp"
#include "store/directory.hpp"
#include "store/schema.hpp"
#include "store/sqlite_connection.hpp"
#include "store/wal_read_lock.hpp"
#include "store/writer.hpp"

namespace video::store {

Query::Query(Statement& statement) noexcept : statement_(&statement) {
  statement.inUse = true;
}

Query::Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}

Query::~Query() {
  if (statement_ != nullptr) statement_->reset();
}

bool Query::next() {
  return statement_->step();
}

std::int64_t Query::run() {
  while (statement_->step()) continue;
  return sqlite3_changes64(statement_->connection.handle());
}

bool Query::isNull(int column) const {
  return sqlite3_column_type(statement_->handle.get(), column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_->handle.get(), column);
}

std::string_view Query::text(int column) const {
  sqlite3_stmt* const handle = statement_->handle.get();
  const unsigned char* const text = sqlite3_column_text(handle, column);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(handle, column))};
}

void Query::bind(int parameter, std::nullptr_t) {
  statement_->bind(parameter, nullptr);
}
void Query::bind(int parameter, std::int64_t value) {
  statement_->bind(parameter, value);
}
void Query::bind(int parameter, std::string_view text) {
  statement_->bind(parameter, text);
}

Query Reader::start(std::string_view sql, std::size_t values) {
  Statement& statement = connection_.statement(sql);
  if (static_cast<std::size_t>(statement.parameters) != values)
    throw std::logic_error(fmt::format("{} values for {} parameters: {}", values, statement.parameters, sql));
  return Query(statement);
}

struct Database::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<SqliteConnection>> idle;
  std::size_t most;
};

struct Database::Impl {
  Impl(std::shared_ptr<DataDirectory> its, const StoreOptions& wanted)
      : directory(std::move(its)), options(wanted), pool{.mutex = {}, .idle = {}, .most = wanted.readers} {
    // The first connection sees the schema before the writer could touch anything.
    pool.idle.reserve(pool.most + 1);
    directory->reserve().runWithRoom([this] {
      auto first =
          std::make_unique<SqliteConnection>(directory->databasePath(), SqliteConnection::Kind::reader, options, texts);
      requireSchema(directory->databasePath(), schemaOf(*first, directory->databasePath()));
      pool.idle.push_back(std::move(first));
    });
    directory->reserve().make(options.freeSpaceFloor);
    walReadLock.emplace(directory->databasePath(), options, texts);
    writer.emplace(directory, options, texts, *walReadLock);
  }

  std::shared_ptr<DataDirectory> directory;
  StoreOptions options;
  SqlTexts texts;
  Pool pool;
  std::optional<WalReadLock> walReadLock;
  std::optional<Writer> writer;
};

Database::Database(std::shared_ptr<DataDirectory> directory, const StoreOptions& options)
    : impl_(std::make_unique<Impl>(std::move(directory), options)) {}

Database::~Database() = default;

Database::Lease::Lease(Pool& its, std::unique_ptr<SqliteConnection> leased, bool inTransaction)
    : pool(its), connection(std::move(leased)), transaction(inTransaction), reader(&connection->reader()) {
  if (transaction) connection->control("BEGIN");
}

Database::Lease::~Lease() {
  if (transaction) connection->rollBack();
  if (connection->isBroken()) return;
  const std::lock_guard lock(pool.mutex);
  if (pool.idle.size() < pool.most) pool.idle.push_back(std::move(connection));
}

Database::Lease Database::leaseReader(bool transaction) {
  if (insideWrite()) throw std::logic_error("a read inside a write would not see its changes: use its Transaction");
  impl_->walReadLock->noticeRead();
  Pool& pool = impl_->pool;
  std::unique_ptr<SqliteConnection> connection;
  {
    const std::lock_guard lock(pool.mutex);
    if (!pool.idle.empty()) {
      connection = std::move(pool.idle.back());
      pool.idle.pop_back();
    }
  }
  if (!connection)
    connection = std::make_unique<SqliteConnection>(impl_->directory->databasePath(), SqliteConnection::Kind::reader,
                                                    impl_->options, impl_->texts);
  return Lease(pool, std::move(connection), transaction);
}

void Database::submit(Purpose purpose, const std::function<void(Transaction&)>& work) {
  impl_->writer->submit(purpose, work);
}

void Database::requireSpace(std::uint64_t more) const {
  impl_->writer->requireSpace(more);
}
std::string Database::whyNotReady() {
  return impl_->writer->whyNotReady();
}
void Database::checkpoint() {
  if (impl_->options.checkpoints == Checkpoints::external)
    throw Error(Fault::conflict, "storage.checkpoints is external: another program, such as Litestream, checkpoints");
  impl_->writer->checkpoint();
}
Checkpoints Database::checkpoints() const {
  return impl_->options.checkpoints;
}
std::uint64_t Database::logSize() const {
  std::error_code missing;
  const auto size = std::filesystem::file_size(impl_->directory->databasePath().string() + "-wal", missing);
  return missing ? 0 : size;
}
std::uint64_t Database::version() const {
  return impl_->walReadLock->version();
}

WriterCounters Database::counters() const {
  return impl_->writer->counters();
}
DataDirectory& Database::directory() const {
  return *impl_->directory;
}
std::vector<std::string> Database::statements() const {
  return impl_->texts.all();
}

}  // namespace video::store
