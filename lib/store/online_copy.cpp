#include "store/online_copy.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "store/sqlite_plain_path.hpp"
#include "store/sqlite_system_calls.hpp"

namespace video::store {
namespace {

StoreOptions forCopying() {
  StoreOptions options;
  options.mapped = 0;
  options.checkpoints = Checkpoints::external;  // also when it is the last to close the database
  return options;
}

std::string pathOfOpen(const Descriptor& file) {
  return fmt::format("/proc/self/fd/{}", file.number());
}

}  // namespace

SQLite::Database openUnchanging(const Descriptor& file) try {
  const char* const vfs = plainPathVfs();
  return SQLite::Database(fmt::format("file:{}?immutable=1", pathOfOpen(file)),
                          SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, 0, vfs);
} catch (const SQLite::Exception& exception) {
  throw errorOf(exception);
}

OnlineCopy::OnlineCopy(const std::filesystem::path& database, const Descriptor& to)
    : source_(database, SqliteConnection::Kind::reader, forCopying(), texts_) {
  source_.control("BEGIN");
  source_.control("PRAGMA user_version");  // from here on it sees one state
  forgetSqliteErrno();
  const int code =
      sqlite3_open_v2(pathOfOpen(to).c_str(), &to_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, plainPathVfs());
  // Whoever is killed leaves no set, so the copy needs no journal; its maker syncs it.
  if (code != SQLITE_OK ||
      sqlite3_exec(to_, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nullptr, nullptr, nullptr) !=
          SQLITE_OK ||
      (backup_ = sqlite3_backup_init(to_, "main", source_.handle(), "main")) == nullptr) {
    const Error error = errorOf(sqlite3_extended_errcode(to_), sqlite3_errmsg(to_));
    close();
    throw Error(error);
  }
}

OnlineCopy::~OnlineCopy() {
  close();
}

void OnlineCopy::close() noexcept {
  if (backup_ != nullptr) sqlite3_backup_finish(backup_);
  backup_ = nullptr;
  sqlite3_close(to_);
  to_ = nullptr;
  source_.rollBack();
}

bool OnlineCopy::step(int pages) {
  if (backup_ == nullptr) return false;
  forgetSqliteErrno();
  const int code = sqlite3_backup_step(backup_, pages);
  pages_ = sqlite3_backup_pagecount(backup_);
  left_ = sqlite3_backup_remaining(backup_);
  if (code == SQLITE_OK) return true;
  if (code != SQLITE_DONE) {
    const Error error = errorOf(code, fmt::format("copying the database: {}", sqlite3_errstr(code)));
    close();
    throw Error(error);
  }
  const int finished = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  const int closed = sqlite3_close(to_);
  to_ = nullptr;
  source_.rollBack();
  if (finished != SQLITE_OK || closed != SQLITE_OK)
    throw errorOf(finished != SQLITE_OK ? finished : closed, "the copy of the database could not be completed");
  return false;
}

}  // namespace video::store
