#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "catch.hpp"
#include "store/sqlite_system_calls.hpp"

namespace video::test {

/// The database beside the program, for states that no operation brings about alone.
class Database {
 public:
  explicit Database(const std::filesystem::path& data) {
    REQUIRE(sqlite3_open((data / "video.db").c_str(), &database_) == SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
  }
  ~Database() { sqlite3_close(database_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Returns the first column of the rows.
  std::set<std::string> run(const std::string& sql) {
    std::set<std::string> found;
    const auto take = [](void* to, int, char** values, char**) {
      static_cast<std::set<std::string>*>(to)->insert(values[0]);
      return 0;
    };
    char* problem = nullptr;
    sqlite3_exec(database_, sql.c_str(), take, &found, &problem);
    INFO(sql << ": " << (problem == nullptr ? "" : problem));
    CHECK(problem == nullptr);
    sqlite3_free(problem);
    return found;
  }

 private:
  sqlite3* database_ = nullptr;
};

/// Counts the instructions that SQLite's virtual machine runs, on all connections that are opened while this exists.
class SqliteSteps {
 public:
  SqliteSteps() {
    store::prepareSqlite();
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&countOn));
  }
  ~SqliteSteps() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&countOn)); }
  SqliteSteps(const SqliteSteps&) = delete;
  SqliteSteps& operator=(const SqliteSteps&) = delete;

  /// Returns how many `work` runs.
  std::int64_t of(const std::function<void()>& work) const {
    const std::int64_t before = count_;
    work();
    return count_ - before;
  }

 private:
  static int countOn(sqlite3* opened, const char**, const void*) {
    const auto step = [](void*) {
      ++count_;
      return 0;
    };
    sqlite3_progress_handler(opened, 1, step, nullptr);
    return SQLITE_OK;
  }
  static inline std::atomic<std::int64_t> count_ = 0;
};

}  // namespace video::test
