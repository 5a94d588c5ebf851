#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "os/descriptor.hpp"
#include "store/sqlite_connection.hpp"

namespace video::store {

/// Opens a database in an open file that nobody changes, for reading. Throws Error.
SQLite::Database openUnchanging(const Descriptor& file);

/// Copies a database that others go on writing to, by SQLite's online backup API, in short steps: the copy has the
/// state of the moment when this object was made. Writers do not wait for it, but the write-ahead log is not shortened
/// until it has ended, so that one of them now and then waits up to 100 ms in vain to shorten it. Throws Error. For one
/// thread.
class OnlineCopy {
 public:
  /// Copies to `to`, an empty file, which must stay open.
  OnlineCopy(const std::filesystem::path& database, const Descriptor& to);
  ~OnlineCopy();
  OnlineCopy(const OnlineCopy&) = delete;
  OnlineCopy& operator=(const OnlineCopy&) = delete;
  /// Copies at most so many pages. Returns whether there are more; if not, the copy is closed, but not synced.
  bool step(int pages);
  /// Returns how many pages the database has, and how many are left to copy; both 0 before the first step.
  int pages() const noexcept { return pages_; }
  int left() const noexcept { return left_; }

 private:
  void close() noexcept;

  SqlTexts texts_;
  SqliteConnection source_;
  sqlite3* to_ = nullptr;
  sqlite3_backup* backup_ = nullptr;
  int pages_ = 0;
  int left_ = 0;
};

}  // namespace video::store
