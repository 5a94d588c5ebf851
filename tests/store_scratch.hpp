#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "temp.hpp"

namespace video::store {

/// A folder for one test, with a place for a data directory.
class Scratch : public TempDirectory {
 public:
  std::filesystem::path data() const { return path() / "data"; }
};

/// Opens the data directory at `path`, and creates it if it does not exist.
inline std::shared_ptr<DataDirectory> openAt(const std::filesystem::path& path, Hold hold = Hold::shared) {
  DataDirectory::create(path);
  return DataDirectory::open(path, hold, "the test", std::chrono::milliseconds{50});
}

inline StoreOptions small() {
  StoreOptions options;
  options.freeSpaceFloor = 0;
  return options;
}

using test::faultOf;

/// Starts a process that runs `work` and exits with what it returns.
inline pid_t start(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 99;
    try {
      status = work();
    } catch (const std::exception& exception) {
      std::fprintf(stderr, "%s\n", exception.what());
    }
    ::_exit(status);
  }
  return child;
}

inline int statusOf(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline void addBlob(Transaction& transaction, std::string_view name, std::int64_t time = 1) {
  transaction.query("INSERT INTO blob_del_rec (blob, due) VALUES (?, ?)", name, time).run();
}

inline std::int64_t countBlobs(Database& database) {
  return database.read([](Reader& reader) {
    Query query = reader.query("SELECT count(*) FROM blob_del_rec");
    query.next();
    return query.integer(0);
  });
}

inline bool hasBlob(Database& database, std::string_view name) {
  return database.read(
      [&](Reader& reader) { return reader.query("SELECT 1 FROM blob_del_rec WHERE blob = ?", name).next(); });
}

}  // namespace video::store
