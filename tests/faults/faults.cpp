// Every operation that changes a data directory, with one file-system call failing, written short, or the last of its
// process: what was acknowledged stands, nothing is half done, and the next run succeeds.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "base/sha256.hpp"
#include "catch.hpp"
#include "e2e/ctl.hpp"
#include "faults/control.hpp"
#include "os/descriptor.hpp"
#include "queue.hpp"
#include "store/schema.hpp"

using namespace video;
using namespace video::e2e;
using namespace video::faults;
namespace fs = std::filesystem;

namespace {

constexpr int killed = 128 + SIGKILL;
constexpr std::uint32_t pointsInSample = 6;

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

constexpr std::array kinds{
    Kind{"EIO", Action::fail, EIO, fileCalls},
    Kind{"ENOSPC", Action::fail, ENOSPC, growing},
    Kind{"ENOSPC from there on", Action::fail, ENOSPC, growing, true},
    Kind{"EDQUOT", Action::fail, EDQUOT, growing},
    Kind{"EIO at a sync", Action::fail, EIO, syncs},
    Kind{"ENOSPC at a sync", Action::fail, ENOSPC, syncs, true},
    Kind{"short write", Action::shorten, 0, writes},
    Kind{"kill", Action::killBefore, 0, fileCalls | answers},
    Kind{"kill in a write", Action::tear, 0, writes},
    Kind{"kill after the response", Action::killAfter, 0, answers},
};

constexpr const char* settings =
    "[storage]\nfree_space_floor = 0\n[deletion]\nbatch = 1\nworkers = 1\nretry_delay = \"1ms\"\n";

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
    for (const char* const folder : folders)
      for (const auto& entry : fs::recursive_directory_iterator(data_ / folder))
        if (entry.is_regular_file() && !named.contains(entry.path().filename().string()))
          wrong += "no row names " + entry.path().filename().string() + " in " + folder + '\n';
    return wrong;
  }

 private:
  static std::string hashOf(std::string_view bytes) {
    Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes)));
    return hash.hex();
  }

  fs::path data_;
  SQLite::Database database_;
};

constexpr std::array allFolders{"blobs", "incoming", "lost+found"};

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
};

// A site with ada, a video of hers, and a token of hers.
void prepareSite(const FaultySite& site) {
  fillQueue(site.data(), {});
  REQUIRE(site.command({"video", "upload", write(site.folder / "kept.mp4", content('k')).string(), "--user", "ada"})
              .status == 0);
  const std::string token =
      line(site.command({"--as", "ada", "token", "create", "--label", "test", "--scope", "full"}).out);
  write(site.folder / "id", line(site.command({"-o", "id", "video", "list", "--user", "ada"}).out));
  write(site.folder / "hash", Opened(site.data()).text("SELECT size || sha256 FROM video_info"));
  write(site.folder / "header", "Authorization: Bearer " + token);
  write(site.folder / "new.mp4", content('n'));
}

int curl(const FaultySite& site, Words words, std::string* body = nullptr) {
  words.insert(words.begin(), {"curl", "-s", "-H", "@" + (site.folder / "header").string(), "-w", "\n%{http_code}"});
  const std::string out = run(words).out;
  const std::size_t end = out.rfind('\n');
  if (body != nullptr) *body = out.substr(0, end);
  return std::atoi(out.c_str() + end + 1);
}

State isNewThere(const FaultySite& site) {
  Opened opened(site.data());
  const auto ready = opened.number("SELECT count(*) FROM video_info WHERE name = 'new.mp4' AND state = 'ready'");
  return ready == 0 ? State::before : ready == 1 ? State::after : State::between;
}

Ended uploadUnlessThere(const FaultySite& site) {
  return site.command({"video", "upload", (site.folder / "new.mp4").string(), "--user", "ada", "--skip-existing"});
}

// A file to be moved, on the disk of the data directory. It must be there until its video is.
fs::path movedFile(const FaultySite& site) {
  return site.disk() / "new.mp4";
}

State isMoved(const FaultySite& site) {
  const State state = isNewThere(site);
  const bool isThere = fs::exists(movedFile(site)) && read(movedFile(site)) == content('n');
  return state == State::before && !isThere ? State::between : state;
}

Ended moveUnlessDone(const FaultySite& site) {
  if (!fs::exists(movedFile(site))) return site.command({"video", "list"});
  return site.command({"video", "upload", movedFile(site).string(), "--user", "ada", "--move", "--skip-existing"});
}

State stateOfRows(const FaultySite& site, const std::string& sql, std::int64_t before, std::int64_t after) {
  const std::int64_t found = Opened(site.data()).number(sql);
  return found == before ? State::before : found == after ? State::after : State::between;
}

State isInitialised(const FaultySite& site) {
  if (!fs::exists(site.data() / "video.db")) return State::before;
  return stateOfRows(site, "PRAGMA user_version", -1, store::latestSchema());
}

// A directory as the first version made it.
void prepareOld(const FaultySite& site) {
  store::DataDirectory::create(site.data());
  fs::remove(site.data() / "video.db");
  SQLite::Database old(site.data() / "video.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  old.exec(fmt::format("PRAGMA application_id = {}", store::applicationId));
  old.exec(std::string(store::migrations().front().sql));
  old.exec(
      "PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
      "INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ada', 'secret', 1)");
}

std::vector<Scenario> scenarios() {
  const Words drain{"queue", "drain", "-q", "--include-not-due", "--yes"};
  const auto commandOf = [](Words words) {
    return [words = std::move(words)](const FaultySite& site) { return site.command(words); };
  };
  const auto deleteVideo = [](const FaultySite& site) {
    return site.command({"video", "delete", read(site.folder / "id")});
  };
  const auto repeatable = [](auto operation, int done) {
    return [operation, done](const FaultySite& site) {
      Ended ended = operation(site);
      if (ended.status == done) ended.status = 0;
      return ended;
    };
  };
  const auto replace = [](const FaultySite& site) {
    return site.served([&](const std::string& url) {
      return curl(site, {"-T", (site.folder / "new.mp4").string(), url + "/upload/" + read(site.folder / "id")});
    });
  };
  const auto uploadOverHttp = [](const FaultySite& site) {
    return site.served([&](const std::string& url) {
      std::string added;
      const int status = curl(site, {url + "/user/ada/videos", "-d", R"({"name":"new.mp4"})"}, &added);
      if (status != 201) return status;
      constexpr std::string_view mark = R"("id":")";
      const std::size_t at = added.find(mark) + mark.size();
      return curl(site, {"-T", (site.folder / "new.mp4").string(),
                         url + "/upload/" + added.substr(at, added.find('"', at) - at)});
    });
  };
  const auto start = [](const FaultySite& site) { return site.served([](const std::string&) { return 200; }, true); };
  const auto deleteUser = commandOf({"user", "delete", "ada", "--yes"});
  const auto isMigrated = [](const FaultySite& site) {
    if (Opened(site.data()).number("SELECT count(*) FROM users WHERE login_name = 'ada' AND pwd = 'secret'") != 1)
      return State::between;
    return stateOfRows(site, "PRAGMA user_version", 1, store::latestSchema());
  };
  const auto isRotated = [](const FaultySite& site) {
    const std::string key = read(site.data() / "signing.key");
    return key.size() != 32 ? State::between : key == read(site.folder / "key") ? State::before : State::after;
  };
  return {
      {"upload", prepareSite,
       [](const FaultySite& site) {
         return site.command({"video", "upload", (site.folder / "new.mp4").string(), "--user", "ada"});
       },
       isNewThere, uploadUnlessThere},
      {"upload and move",
       [](const FaultySite& site) {
         prepareSite(site);
         write(movedFile(site), content('n'));
       },
       [](const FaultySite& site) {
         return site.command({"video", "upload", movedFile(site).string(), "--user", "ada", "--move"});
       },
       isMoved, moveUnlessDone},
      {"upload over HTTP", prepareSite, uploadOverHttp, isNewThere, uploadUnlessThere, {}, false, false, true},
      {"replace",
       prepareSite,
       replace,
       [](const FaultySite& site) {
         const std::string sha256 =
             Opened(site.data()).text("SELECT size || sha256 FROM video_info WHERE name = 'kept.mp4'");
         return sha256 == read(site.folder / "hash") ? State::before : State::after;
       },
       replace,
       {},
       false,
       false,
       true},
      {"delete", prepareSite, deleteVideo,
       [](const FaultySite& site) {
         return stateOfRows(site,
                            "SELECT (state = 'deleted') + 2 * (SELECT count(*) FROM video_del_rec) FROM video_info "
                            "WHERE name = 'kept.mp4'",
                            0, 3);
       },
       repeatable(deleteVideo, 5)},
      {"drain",
       [](const FaultySite& site) { fillQueue(site.data(), {.deleted = 2, .kept = 1, .comments = 1}); },
       commandOf(drain),
       [](const FaultySite& site) {
         return stateOfRows(site,
                            "SELECT (SELECT count(*) FROM video_info) * 100 + (SELECT count(*) FROM comments) * 10 + "
                            "(SELECT cleared FROM deletion_totals)",
                            330, 112);
       },
       commandOf(drain),
       {3},
       true,
       true},
      {"user delete", prepareSite, deleteUser,
       [](const FaultySite& site) {
         return stateOfRows(site, "SELECT count(*) FROM users WHERE deleted IS NULL", 1, 0);
       },
       repeatable(deleteUser, 4)},
      {"rotate-key",
       [](const FaultySite& site) {
         prepareSite(site);
         REQUIRE(site.command({"data", "rotate-key"}).status == 0);
         fs::copy(site.data() / "signing.key", site.folder / "key");
       },
       commandOf({"data", "rotate-key"}),
       isRotated,
       commandOf({"data", "rotate-key"}),
       {},
       false,
       true},
      {"init",
       [](const FaultySite&) {},
       commandOf({"data", "init"}),
       isInitialised,
       commandOf({"data", "init"}),
       {},
       false,
       true},
      {"the first start", [](const FaultySite&) {}, start, isInitialised, start, {}, false, true},
      {"migrate", prepareOld, commandOf({"data", "migrate"}), isMigrated, commandOf({"data", "migrate"})},
      {"start with an old schema", prepareOld, start, isMigrated, start, {}, false, true},
  };
}

// What is wrong in a directory, looked at in a copy, so that the next program finds it as the last one left it.
std::string faultsOf(const Scenario& scenario, const FaultySite& site, const std::set<State>& wanted, bool isClean) {
  FaultySite copy{site.folder.string() + "-copy"};
  for (const char* const left : {"reserve", "videod.sock"}) fs::remove(site.data() / left);
  fs::copy(site.folder, copy.folder, fs::copy_options::recursive);
  std::string wrong;
  try {
    const State found = scenario.state(copy);
    if (!wanted.contains(found))
      wrong += fmt::format("it is {}\n", found == State::before  ? "not done"
                                         : found == State::after ? "done"
                                                                 : "half done");
    if (fs::exists(copy.data() / "video.db"))
      wrong += Opened(copy.data()).faults(std::span(allFolders).first(isClean ? allFolders.size() : 0));
  } catch (const std::exception& failure) {
    wrong += fmt::format("{}\n", failure.what());
  }
  if (isClean)
    for (const auto& entry : fs::directory_iterator(site.data()))
      if (entry.path().native().find(".new") != std::string::npos)
        wrong += "left over: " + entry.path().filename().string() + '\n';
  fs::remove_all(copy.folder);
  return wrong;
}

// What is left in a directory that is used again, when the sweeps and a drain have run, with all files old enough.
std::string leftoversOf(const FaultySite& site) {
  for (const char* const folder : {"blobs", "incoming"})
    for (const auto& entry : fs::recursive_directory_iterator(site.data() / folder))
      if (entry.is_regular_file())
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours{48});
  for (const Words& words : {Words{"task", "run", "upload-sweep"}, Words{"task", "run", "orphan-sweep"},
                             Words{"queue", "drain", "-q", "--include-not-due", "--yes"}})
    if (const Ended ended = site.command(words); ended.status != 0)
      return fmt::format("{}: status {}: {}{}\n", fmt::join(words, " "), ended.status, ended.out, ended.err);
  return Opened(site.data()).faults(std::span(allFolders).first(2));
}

// Whether an operation that such a call failed may end so.
bool isFitting(const Scenario& scenario, const Kind& kind, std::string_view hit, int status) {
  if (scenario.failures.contains(status)) return true;
  if (kind.isNoSpace()) return status == 11;
  return status == 1 || status == 8 || (status == 9 && (hit.starts_with("fcntl") || hit.starts_with("flock")));
}

struct Tally {
  std::map<std::string, int> outcomes;  // how often the operation ended so
  std::string wrong;
};

// Runs the operation once with call `point` hit.
void tryAt(const Scenario& scenario, const Kind& kind, std::uint32_t point, const fs::path& home, std::mutex& mutex,
           Tally& tally) {
  FaultySite site{home / fmt::format("{}-{}", point, static_cast<const void*>(&kind))};
  fs::copy(home / "filled", site.folder, fs::copy_options::recursive);
  Injector injector(home / fmt::format("control-{}", point));
  injector.set(kind, point, site.disk());
  site.injector = &injector;
  std::string wrong;
  Ended ended;
  std::string outcome;
  try {
    ended = scenario.operation(site);
    site.injector = nullptr;
    const bool wasHit = injector.wasHit();
    const bool wasKilled = kind.kills() && ended.status == killed;
    outcome = !wasHit ? "not met" : wasKilled ? "killed" : fmt::format("status {}", ended.status);
    std::set<State> wanted{State::after};
    if (wasKilled) {
      wanted = {State::before, State::after};
      if (scenario.mayStop) wanted.insert(State::between);
      if (ended.out == "response 201") wanted = {State::after};
    } else if (ended.status != 0) {
      wanted = {State::before};
      if (scenario.mayStop) wanted.insert(State::between);
      // A commit that could neither be synced nor overwritten stands in the log.
      if (scenario.mayStand || kind.goesOn) wanted.insert(State::after);
      if (!wasHit || kind.action != Action::fail) wrong += "it failed without cause\n";
      if (!isFitting(scenario, kind, injector.hit(), ended.status)) wrong += "the status is another one\n";
    }
    // What could not be removed when it was no longer needed is swept later.
    const bool isClean = ended.status == 0 && !injector.hit().starts_with("unlink");
    wrong += faultsOf(scenario, site, wanted, isClean);
    const Ended next = scenario.again(site);
    if (next.status != 0) wrong += fmt::format("then status {}: {}{}\n", next.status, next.out, next.err);
    std::string finally = faultsOf(scenario, site, {State::after}, false);
    finally += leftoversOf(site);
    if (!finally.empty()) wrong += "then " + finally;
  } catch (const std::exception& failure) {
    wrong += fmt::format("{}\n", failure.what());
  }
  if (!wrong.empty())
    wrong = fmt::format("{}, {} {} ({}), {} {}{}:\n{}\n", scenario.name, kind.name, point, injector.hit(), outcome,
                        ended.out, ended.err, wrong);
  fs::remove_all(site.folder);
  const std::lock_guard lock(mutex);
  ++tally.outcomes[outcome];
  tally.wrong += wrong;
}

// How many calls there are.
std::uint32_t countCalls(const Scenario& scenario, const Kind& kind, const fs::path& home) {
  FaultySite site{home / "counted"};
  fs::copy(home / "filled", site.folder, fs::copy_options::recursive);
  Injector injector(home / "control");
  injector.set(kind, 0, site.disk());
  site.injector = &injector;
  const Ended ended = scenario.operation(site);
  INFO(scenario.name << ": " << ended.out << ended.err);
  CHECK(ended.status == 0);
  fs::remove_all(site.folder);
  return injector.seen();
}

// Which calls are tried: every sync and a sample of the others, every one, or one alone, named as a failure names it
// ("upload, kill 12").
std::vector<std::uint32_t> pointsOf(const Kind& kind, std::uint32_t count, const std::string& asked) {
  if (!asked.empty() && asked != "every")
    return {static_cast<std::uint32_t>(std::atoi(asked.c_str() + asked.rfind(' ') + 1))};
  std::set<std::uint32_t> points;
  const std::uint32_t wanted = asked == "every" || kind.calls == syncs ? count : std::min(count, pointsInSample);
  for (std::uint32_t i = 0; i < wanted; ++i) points.insert(1 + (2 * i + 1) * count / (2 * wanted));
  return {points.begin(), points.end()};
}

}  // namespace

TEST_CASE("an operation that a file-system call fails, or whose process is killed there, is done or not done") {
  const char* const variable = std::getenv("VIDEO_FAULTS");
  const std::string asked = variable != nullptr ? variable : "";
  static const std::vector<Scenario> all = scenarios();
  if (!asked.empty() && asked != "every" && std::none_of(all.begin(), all.end(), [&](const Scenario& one) {
        return asked.starts_with(fmt::format("{}, ", one.name));
      }))
    FAIL("VIDEO_FAULTS: no such scenario: " << asked);
  const Scenario& scenario = all[GENERATE(range(std::size_t{0}, all.size()))];
  if (!asked.empty() && asked != "every" && !asked.starts_with(fmt::format("{}, ", scenario.name))) return;
  if (!asked.empty() && asked != "every")
    REQUIRE(std::any_of(kinds.begin(), kinds.end(), [&](const Kind& kind) {
      return asked.starts_with(fmt::format("{}, {} ", scenario.name, kind.name));
    }));
  // In memory where that is permitted: a sync costs nothing there, and counts all the same.
  const TempDirectory folder;
  const SmallDisk disk("96m");
  const fs::path home = disk.isMounted() ? disk / "" : folder.path();
  FaultySite filled{home / "filled"};
  fs::create_directories(filled.disk());
  write(filled.config(), settings);
  scenario.prepare(filled);
  std::string said;
  std::map<std::uint32_t, std::uint32_t> counts;
  for (const Kind& kind : kinds) {
    if (!asked.empty() && asked != "every" && !asked.starts_with(fmt::format("{}, {} ", scenario.name, kind.name)))
      continue;
    if (!counts.contains(kind.calls)) counts[kind.calls] = countCalls(scenario, kind, home);
    INFO(scenario.name << ", " << kind.name);
    CHECK((counts[kind.calls] > 0) == (kind.calls != answers || scenario.responds));  // the injector is loaded
    const std::vector<std::uint32_t> points = pointsOf(kind, counts[kind.calls], asked);
    std::mutex mutex;
    Tally tally;
    std::atomic<std::size_t> next = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i)
        threads.emplace_back([&] {
          for (std::size_t at = next++; at < points.size(); at = next++)
            tryAt(scenario, kind, points[at], home, mutex, tally);
        });
    }
    CHECK(tally.wrong == "");
    CHECK((points.empty() || tally.outcomes.size() > tally.outcomes.count("not met")));
    said += fmt::format("{}, {}: {} of {} calls;", scenario.name, kind.name, points.size(), counts[kind.calls]);
    for (const auto& [outcome, times] : tally.outcomes) said += fmt::format(" {} {}", outcome, times);
    said += '\n';
  }
  if (!asked.empty()) std::fputs(said.c_str(), stderr);
}
