#include <fmt/format.h>

#include <SQLiteCpp/Database.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "catch.hpp"
#include "faults/site.hpp"
#include "queue.hpp"
#include "store/schema.hpp"

namespace video::faults {
namespace {

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

// Sends a piece of new.mp4 to the upload, and notes what the server says it has.
int patch(const FaultySite& site, const std::string& url, std::size_t from, std::size_t to, bool isLast = false) {
  const std::string bytes = read(site.folder / "new.mp4");
  const std::string piece = write(site.folder / "piece", bytes.substr(from, to - from)).string();
  const std::string length = isLast ? fmt::format("Upload-Length: {}", bytes.size()) : "X-Nothing: 1";
  const int status =
      curl(site, {"-X", "PATCH", "-H", length, "-H", "Tus-Resumable: 1.0.0", "-H",
                  fmt::format("Upload-Offset: {}", from), "-H", "Content-Type: application/offset+octet-stream",
                  "--data-binary", "@" + piece, url + read(site.folder / "upload")});
  if (status == 204) write(site.folder / "said", std::to_string(std::min(to, bytes.size())));
  return status;
}

// A site with an upload of new.mp4 that has its first third.
void preparePartial(const FaultySite& site, bool hasLength) {
  prepareSite(site);
  const std::string bytes = read(site.folder / "new.mp4");
  const Ended ended = site.served([&](const std::string& url) {
    std::string headers;
    const std::string metadata = fmt::format("name {},sha256 {}", toBase64("new.mp4"), toBase64(Opened::hashOf(bytes)));
    curl(site,
         {"-X", "POST", "-D", "-", "-H", "Tus-Resumable: 1.0.0", "-H",
          hasLength ? fmt::format("Upload-Length: {}", bytes.size()) : "Upload-Defer-Length: 1", "-H",
          "Upload-Metadata: " + metadata, url + "/uploads"},
         &headers);
    constexpr std::string_view mark = "Location: ";
    const std::size_t at = headers.find(mark) + mark.size();
    write(site.folder / "upload", headers.substr(at, headers.find('\r', at) - at));
    return patch(site, url, 0, bytes.size() / 3);
  });
  REQUIRE(ended.status == 0);
}

// Sends what is missing, as a client does that knows nothing but the upload.
int sendRest(const FaultySite& site, const std::string& url) {
  std::string headers;
  const int status = curl(site, {"-I", "-H", "Tus-Resumable: 1.0.0", url + read(site.folder / "upload")}, &headers);
  constexpr std::string_view mark = "Upload-Offset: ";
  const std::size_t at = headers.find(mark);
  if (status != 200 || at == std::string::npos) return status;
  const std::size_t offset = std::stoul(headers.substr(at + mark.size()));
  if (offset < std::stoul(read(site.folder / "said"))) return 599;  // it had said that it has more
  const std::size_t size = read(site.folder / "new.mp4").size();
  const bool hasLength = headers.find("Upload-Length: ") != std::string::npos;
  return hasLength && offset == size ? status : patch(site, url, offset, size, true);
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
  Ended ended =
      site.command({"video", "upload", movedFile(site).string(), "--user", "ada", "--move", "--skip-existing"});
  if (ended.status == 0 && fs::exists(movedFile(site))) ended.status = 1;  // it must be gone by now
  return ended;
}

State stateOfRows(const FaultySite& site, const std::string& sql, std::int64_t before, std::int64_t after) {
  const std::int64_t found = Opened(site.data()).number(sql);
  return found == before ? State::before : found == after ? State::after : State::between;
}

State isInitialised(const FaultySite& site) {
  if (!fs::exists(site.data() / "video.db")) return State::before;
  return stateOfRows(site, "PRAGMA user_version", -1, store::latestSchema());
}

// A set of the site beside it, and what it is: whole, which another command says, or not there.
Ended backUp(const FaultySite& site) {
  return site.command({"data", "backup", (site.disk() / "sets" / "set").string()});
}

State isBackedUp(const FaultySite& site) {
  const fs::path set = site.disk() / "sets" / "set";
  if (!fs::exists(set)) return State::before;
  const int status = videoctl({"data", "verify", set.string()}).status;
  if (status == 0) return State::after;
  // A content that could not be read is not in it, which it says.
  return status == 10 && read(set / "manifest.json").find("\"problems\":[{") != std::string::npos ? State::after
                                                                                                  : State::between;
}

Ended backUpUnlessThere(const FaultySite& site) {
  Ended ended = backUp(site);
  if (ended.status == 5) ended.status = 0;
  // What killed ones left is gone.
  for (const auto& entry : fs::directory_iterator(site.disk() / "sets"))
    if (entry.path().filename() != "set") ended.status = 99;
  return ended;
}

Ended restore(const FaultySite& site) {
  if (site.injector != nullptr) site.injector->arm(true);
  const Ended ended =
      run({builtProgram("videoctl"), "--config", site.config().string(), "--data-dir",
           (site.disk() / "restored").string(), "data", "restore", (site.folder / "set").string(), "--yes"},
          site.injector != nullptr ? site.injector->environment() : Given{});
  if (site.injector != nullptr) site.injector->arm(false);
  return ended;
}

// Nobody may open what is not whole.
State isRestored(const FaultySite& site) {
  const fs::path target = site.disk() / "restored";
  if (!fs::exists(target / "video.db") || fs::exists(target / "restoring")) {
    const Ended ended = videoctl({"--data-dir", target.string(), "video", "list"});
    return ended.status == 0 ? State::between : State::before;
  }
  Opened opened(target);
  if (!opened.faults(std::span<const char* const>()).empty()) return State::between;
  return opened.number("SELECT count(*) FROM video_info WHERE name = 'kept.mp4'") == 1 ? State::after : State::between;
}

Ended restoreUnlessDone(const FaultySite& site) {
  Ended ended = restore(site);
  if (ended.status == 5 && isRestored(site) == State::after) ended.status = 0;
  return ended;
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

}  // namespace

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
       isMoved,
       moveUnlessDone,
       {3},  // stored, but not removed
       false,
       true,
       false,
       true},
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
      {"resume",
       [](const FaultySite& site) { preparePartial(site, true); },
       [](const FaultySite& site) {
         return site.served([&](const std::string& url) {
           const std::size_t size = read(site.folder / "new.mp4").size();
           const int status = patch(site, url, size / 3, 2 * size / 3);
           return status == 204 ? patch(site, url, 2 * size / 3, size) : status;
         });
       },
       isNewThere,
       [](const FaultySite& site) { return site.served([&](const std::string& url) { return sendRest(site, url); }); },
       {},
       false,
       false,
       true},
      // All bytes come before their number does.
      {"resume with the length last",
       [](const FaultySite& site) { preparePartial(site, false); },
       [](const FaultySite& site) {
         return site.served([&](const std::string& url) {
           const std::size_t size = read(site.folder / "new.mp4").size();
           const int status = patch(site, url, size / 3, size);
           return status == 204 ? patch(site, url, size, size, true) : status;
         });
       },
       isNewThere,
       [](const FaultySite& site) { return site.served([&](const std::string& url) { return sendRest(site, url); }); },
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
         REQUIRE(site.command({"data", "rotate-key", "--yes"}).status == 0);
         fs::copy(site.data() / "signing.key", site.folder / "key");
       },
       commandOf({"data", "rotate-key", "--yes"}),
       isRotated,
       commandOf({"data", "rotate-key", "--yes"}),
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
      {"backup",
       [](const FaultySite& site) {
         prepareSite(site);
         fs::create_directory(site.disk() / "sets");
       },
       backUp,
       isBackedUp,
       backUpUnlessThere,
       {10},
       false,
       true},
      {"restore",
       [](const FaultySite& site) {
         prepareSite(site);
         REQUIRE(site.command({"data", "backup", (site.folder / "set").string()}).status == 0);
       },
       restore,
       isRestored,
       restoreUnlessDone,
       {},
       false,
       true},
      {"migrate", prepareOld, commandOf({"data", "migrate"}), isMigrated, commandOf({"data", "migrate"})},
      {"start with an old schema", prepareOld, start, isMigrated, start, {}, false, true},
  };
}

}  // namespace video::faults
