#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"
#include "e2e/ctl.hpp"
#include "faults/control.hpp"
#include "os/descriptor.hpp"

namespace video::faults {

using namespace video::e2e;
namespace fs = std::filesystem;

// What is made to happen at a call.
struct Kind {
  std::string_view name;
  Action action;
  int error;
  std::uint32_t calls;
  bool goesOn = false;  // every later call fails too

  bool kills() const { return action != Action::fail && action != Action::shorten; }
  bool isNoSpace() const { return error == ENOSPC || error == EDQUOT; }
};

// A Control in a file, for one run of a program at a time.
class Injector {
 public:
  explicit Injector(fs::path file) : file_(std::move(file)) {
    const Descriptor opened(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!opened || ::ftruncate(opened.number(), sizeof(Control)) != 0) throw std::runtime_error("no control file");
    void* const mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, opened.number(), 0);
    if (mapped == MAP_FAILED) throw std::runtime_error("the control file cannot be mapped");
    control_ = static_cast<Control*>(mapped);
  }
  ~Injector() { ::munmap(control_, sizeof(Control)); }
  Injector(const Injector&) = delete;
  Injector& operator=(const Injector&) = delete;

  // Call number `point` below the folder is hit; with 0 they are counted only.
  void set(const Kind& kind, std::uint32_t point, const fs::path& below) {
    control_->armed = false;
    control_->seen = 0;
    control_->hits = 0;
    control_->first = point;
    control_->last = kind.goesOn ? UINT32_MAX : point;
    control_->calls = kind.calls;
    control_->action = kind.action;
    control_->error = kind.error;
    control_->hit = {};
    control_->below = {};
    below.native().copy(control_->below.data(), control_->below.size() - 1);
  }
  void arm(bool on) { control_->armed = on; }
  std::uint32_t seen() const { return control_->seen; }
  bool wasHit() const { return control_->hits > 0; }
  std::string hit() const { return control_->hit.data(); }

  Given environment() const {
    return {{{"LD_PRELOAD", std::string(VIDEO_BINARY_DIR) + "/tests/libfault_injector.so"},
             {controlVariable, file_.string()},
             {"ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0"}},
            {},
            {}};
  }

 private:
  fs::path file_;
  Control* control_;
};

// One data directory, and the programs that are run on it, perhaps under an injector.
struct FaultySite {
  fs::path folder;
  Injector* injector = nullptr;

  fs::path disk() const { return folder / "disk"; }  // all that faults are about
  fs::path data() const { return disk() / "data"; }
  fs::path config() const { return folder / "videod.toml"; }

  Words videoctlWords(const Words& words) const {
    return join({builtProgram("videoctl"), "--direct", "--config", config().string(), "--data-dir", data().string()},
                words);
  }

  Ended command(const Words& words) const {
    if (injector != nullptr) injector->arm(true);
    const Ended ended = run(videoctlWords(words), injector != nullptr ? injector->environment() : Given{});
    if (injector != nullptr) injector->arm(false);
    return ended;
  }

  // A daemon that serves the directory while `requests(url)` runs, which returns the status of the last response.
  // Faults begin with the requests, or with the daemon.
  Ended served(const std::function<int(const std::string&)>& requests, bool fromStart = false) const {
    if (injector != nullptr && fromStart) injector->arm(true);
    Program daemon({builtProgram("videod"), "--config", config().string(), "--data-dir", data().string(), "--listen",
                    "127.0.0.1:0", "--no-tasks"},
                   injector != nullptr ? injector->environment() : Given{});
    int response = 0;
    try {
      daemon.waitForError("msg=ready ");
      const std::string said = daemon.errorSoFar();
      constexpr std::string_view mark = "listening address=";
      const std::size_t at = said.find(mark) + mark.size();
      if (injector != nullptr) injector->arm(true);
      response = requests("http://" + said.substr(at, said.find('\n', at) - at));
    } catch (const std::runtime_error&) {
      if (!fromStart) throw;
    }
    if (injector != nullptr) injector->arm(false);
    daemon.signal(SIGTERM);
    Ended ended = daemon.wait();
    ended.out = fmt::format("response {}", response);
    if (ended.status == 0) ended.status = response / 100 == 2 ? 0 : response == 507 ? 11 : 1;
    return ended;
  }
};

// A database, opened as any program would.
class Opened {
 public:
  explicit Opened(const fs::path& data) : data_(data), database_(data / "video.db", SQLite::OPEN_READWRITE) {}

  std::int64_t number(const std::string& sql) { return database_.execAndGet(sql).getInt64(); }
  std::string text(const std::string& sql) { return database_.execAndGet(sql).getString(); }

  // What is wrong with it; in `folders` contents that no row names count.
  std::string faults(std::span<const char* const> folders) {
    std::string wrong;
    if (const std::string found = text("PRAGMA integrity_check"); found != "ok") wrong += "integrity: " + found + '\n';
    if (SQLite::Statement(database_, "PRAGMA foreign_key_check").executeStep())
      wrong += "a foreign key refers to nothing\n";
    std::set<std::string> named;
    SQLite::Statement rows(database_, "SELECT id, blob, size, sha256 FROM video_info WHERE blob IS NOT NULL");
    while (rows.executeStep()) {
      const std::string blob = rows.getColumn(1).getString();
      named.insert(blob);
      const fs::path path = data_ / "blobs" / blob.substr(0, 2) / blob;
      const bool isPurged = !fs::exists(path) && number("SELECT count(*) FROM video_del_rec WHERE video_id = '" +
                                                        rows.getColumn(0).getString() + "'") == 1;
      if (isPurged) continue;
      const std::string content = read(path);
      const std::string wanted = rows.getColumn(3).getString();
      if (!std::cmp_equal(content.size(), rows.getColumn(2).getInt64()) ||
          (!wanted.empty() && hashOf(content) != wanted))
        wrong += "a content is not what its row says: " + blob + '\n';
    }
    SQLite::Statement replaced(database_, "SELECT blob FROM blob_del_rec");
    while (replaced.executeStep()) named.insert(replaced.getColumn(0).getString());
    if (number("SELECT count(*) FROM sqlite_master WHERE name = 'uploads'") > 0) {
      SQLite::Statement partial(database_, "SELECT id FROM uploads WHERE state = 'partial'");
      while (partial.executeStep()) named.insert(partial.getColumn(0).getString());
    }
    for (const char* const folder : folders)
      for (const auto& entry : fs::recursive_directory_iterator(data_ / folder))
        if (entry.is_regular_file() && !named.contains(entry.path().filename().string()))
          wrong += "no row names " + entry.path().filename().string() + " in " + folder + '\n';
    return wrong;
  }

  static std::string hashOf(std::string_view bytes) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes)));
    return hash.hex();
  }

 private:
  fs::path data_;
  SQLite::Database database_;
};

enum class State { before, between, after };

// An operation, and how to tell whether it was done.
struct Scenario {
  std::string_view name;
  std::function<void(const FaultySite&)> prepare;
  std::function<Ended(const FaultySite&)> operation;
  std::function<State(const FaultySite&)> state;
  std::function<Ended(const FaultySite&)> again;  // not the same where that would do it twice
  std::set<int> failures{};                       // exit statuses beside 1, and 11 for no space
  bool mayStop = false;                           // a failed one may have done a part
  bool mayStand = false;                          // a failed one may have been done
  bool responds = false;                          // over HTTP
  bool hasChild = false;                          // a child process may be killed alone
};

/// Every operation that changes a data directory.
std::vector<Scenario> scenarios();

}  // namespace video::faults
