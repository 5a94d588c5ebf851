// Compares the status of every endpoint for every kind of caller with the table in rights.md.
#include <fmt/format.h>
#include <httplib.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "contract/site.hpp"
#include "http/routing/router.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::test;

namespace {

const std::array<std::string, 10> callers{"anonymous", "self",     "other",   "admin",   "read",
                                          "upload",    "disabled", "expired", "revoked", "operator"};

const std::string subtitles = "1\n00:00:01,000 --> 00:00:02,000\nx\n";

struct Row {
  std::string method;
  std::string path;
  std::string body;
  std::array<int, callers.size()> statuses{};
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

struct Table {
  std::vector<Row> rows;
  // By request and body: what a moderator gets, where it is not what `other` gets.
  std::map<std::string, int> moderator;
};

Table readTable() {
  std::ifstream file(VIDEO_SOURCE_DIR "/tests/contract/rights.md");
  Table table;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("| ") || line.starts_with("| request")) continue;
    std::vector<std::string> cells;
    std::istringstream parts(line.substr(1));
    for (std::string cell; std::getline(parts, cell, '|');) cells.push_back(trimmed(cell));
    INFO(line);
    if (cells.size() == 3) {
      CHECK(table.moderator.emplace(cells[0] + ' ' + cells[1], std::stoi(cells[2])).second);
      continue;
    }
    REQUIRE(cells.size() == 2 + callers.size());
    Row row;
    row.method = cells[0].substr(0, cells[0].find(' '));
    row.path = cells[0].substr(cells[0].find(' ') + 1);
    row.body = cells[1];
    for (std::size_t i = 0; i < callers.size(); ++i) row.statuses[i] = std::stoi(cells[2 + i]);
    table.rows.push_back(row);
  }
  return table;
}

// Returns the route of a row's path: every word in capitals is a parameter.
std::string routeOf(const std::string& path) {
  return std::regex_replace(path.substr(0, path.find('?')), std::regex("/[A-Z]+(?=/|$)"), "/{}");
}
std::string routeOf(std::string_view path) {
  return std::regex_replace(std::string(path), std::regex(R"(\{[a-z0-9_]+\})"), "{}");
}

void replace(std::string& text, const std::string& word, const std::string& with) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + with.size()))
    text.replace(at, word.size(), with);
}

struct TableRow {
  std::string operation;  // without its variant (`?…`)
  bool isOpen = false;    // allowed to anyone, so that no check is needed
};

// Reads the table in lib/access/rights.hpp; the keys are its constants.
std::map<std::string, TableRow> rightsByConstant() {
  const std::string text = bytesOf(VIDEO_SOURCE_DIR "/lib/access/rights.hpp");
  const std::regex entry(R"re(constexpr Right (\w+)\{"([A-Za-z.]+)(\?[A-Za-z]+)?", ([^,]+),)re");
  std::map<std::string, TableRow> found;
  for (std::sregex_iterator at(text.begin(), text.end(), entry), end; at != end; ++at)
    found[at->str(1)] = {at->str(2), at->str(4).find("anyone") != std::string::npos};
  return found;
}

// Returns the operation whose right is needed: for a rehearsal the real operation, for a step of an upload the upload.
std::string actOf(const std::string& operation) {
  if (operation == "uploads.begin" || operation == "uploads.status") return "uploads.put";
  return std::regex_replace(operation, std::regex(R"(^(\w+\.\w+)\.rehearse$)"), "$1");
}

// One request by one caller, with objects of its own.
class Cell {
 public:
  Cell(Site& site, httplib::Client& tcp, httplib::Client& socket, int number)
      : site_(site), tcp_(tcp), socket_(socket), owner_("owner" + std::to_string(number)) {
    const auto add = [&](const std::string& name, Role role) {
      NewUser wanted;
      wanted.name = name;
      wanted.password = "password-of-" + name;
      wanted.role = role;
      at().users().add(Operator{}, wanted);
    };
    add(owner_, Role::user);
    if (number > 0) return;
    add("other", Role::user);
    add("root", Role::admin);
    add("mod", Role::moderator);
  }

  int ask(const Row& row, const std::string& caller) {
    std::string target = row.path;
    std::string body = row.body;
    for (std::string* text : {&target, &body}) fill(*text);
    const std::string secret = secretOf(caller);
    httplib::Request request;
    request.method = row.method;
    request.path = target;
    request.headers = {{"Host", "localhost"}, {"Tus-Resumable", "1.0.0"}};
    if (body == "PIECE") {
      for (const auto& [name, value] :
           {std::pair("Content-Type", "application/offset+octet-stream"), std::pair("Upload-Offset", "0"),
            std::pair("Upload-Length", "500"), std::pair("X-HTTP-Method-Override", "PATCH")})
        request.headers.emplace(name, value);
      body = "MOVIE";
    }
    if (body == "LENGTH") {
      request.headers.emplace("Upload-Length", "500");
      body.clear();
    }
    if (!secret.empty()) request.headers.emplace("X-Session-Id", secret);
    if (body == "FORM") {
      request.headers.emplace("Content-Type", "multipart/form-data; boundary=xyz");
      request.body = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n" +
                     movie(500, 2) + "\r\n--xyz--\r\n";
    } else {
      request.body = body == "MOVIE" ? movie(500, 2) : body == "SRT" ? subtitles : body == "PICTURE" ? picture() : body;
    }
    const httplib::Result result = (caller == "operator" ? socket_ : tcp_).send(request);
    INFO(caller << " " << target);
    REQUIRE(result);
    return result->status;
  }

 private:
  Toolkit& at() { return site_.local(); }

  std::string signIn(const std::string& name) {
    return at().sessions().login(Anonymous{}, {name, {}, "password-of-" + name, {}}).sessionId.value();
  }

  std::string token(Scope scope) { return at().tokens().create(Operator{}, {owner_, "x", scope, {}}).token; }

  std::string secretOf(const std::string& caller) {
    if (caller == "anonymous" || caller == "operator") return {};
    if (caller == "other") return signIn("other");
    if (caller == "moderator") return signIn("mod");
    if (caller == "admin") return signIn("root");
    if (caller == "read") return token(Scope::read);
    if (caller == "upload") return token(Scope::upload);
    const std::string session = signIn(owner_);
    if (caller == "revoked") at().sessions().logout(Secret{session}, {});
    if (caller == "disabled") {
      ChangeUser change;
      change.name = owner_;
      change.disabled = true;
      at().users().change(Operator{}, change);
    }
    if (caller == "expired") {
      sqlite3* database = nullptr;
      REQUIRE(sqlite3_open((site_.data() / "video.db").c_str(), &database) == SQLITE_OK);
      sqlite3_busy_timeout(database, 10'000);
      const std::string sql = "UPDATE sessions SET TTL = 1 WHERE login_name = '" + owner_ + "'";
      CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
      sqlite3_close(database);
    }
    return session;
  }

  // Replaces the words in capitals, and creates the objects that they stand for.
  void fill(std::string& text) {
    const Credential owner = Operator{owner_};
    const auto has = [&](const std::string& word) { return text.find(word) != std::string::npos; };
    fillOfModerator(text);
    if (has("NEW")) replace(text, "NEW", "new-" + owner_);
    if (has("DELETED")) {
      const VideoId gone = video();
      at().videos().remove(owner, {{gone, {}}, {}});
      replace(text, "DELETED", gone.text);
    }
    if (has("BLOCKED")) {
      const VideoId blocked = video();
      at().videos().block(Operator{}, {blocked, "x"});
      replace(text, "BLOCKED", blocked.text);
    }
    // A content that nobody has blocked or uploaded.
    if (has("DIGEST")) replace(text, "DIGEST", fmt::format("{:0>64}", owner_.substr(5)));
    if (has("PICTURED")) {
      const VideoId pictured = video();
      at().renditions().setThumbnail(Operator{}, {pictured}, sourceOf(picture()));
      replace(text, "PICTURED", pictured.text);
    }
    if (has("HASH")) {
      const std::string hash(64, 'a');
      at().contents().block(Operator{"mod"}, {hash, "x"});
      replace(text, "HASH", hash);
    }
    if (has("REPORT")) {
      ReportUser report;
      report.user = owner_;
      report.contact = "a@example.org";
      replace(text, "REPORT", at().reports().user(Operator{}, report).id.value().text);
    }
    if (has("UPLOAD")) {
      NewUpload wanted;
      wanted.size = 500;
      replace(text, "UPLOAD", at().uploads().create(owner, wanted).id.text);
    }
    if (has("VIDEO") || has("COMMENT")) {
      const VideoId made = video();
      if (has("COMMENT")) replace(text, "COMMENT", at().comments().post(owner, {made, "hello", {}}).id.text);
      if (has("SHARE")) {
        NewShare share;
        share.video = made;
        share.expires = systemClock().now() + std::chrono::hours{1};
        replace(text, "SHARE", at().shares().create(owner, share).id.text);
      }
      if (has("LANG")) at().subtitles().put(owner, {made, "de", {}}, sourceOf(subtitles));
      replace(text, "LANG", "de");
      if (has("chapters")) {
        SetVideo change;
        change.id = made;
        change.description = "0:00 Start";
        at().videos().set(owner, change);
      }
      replace(text, "VIDEO", made.text);
    }
    if (has("DROP")) {
      NewShare drop;
      drop.what = ShareWhat::drop;
      drop.user = owner_;
      drop.expires = systemClock().now() + std::chrono::hours{1};
      replace(text, "DROP", at().shares().create(Operator{}, drop).id.text);
    }
    if (has("SESSION")) {
      signIn(owner_);
      replace(text, "SESSION", at().sessions().list(owner, {}).items.at(0).id.text);
    }
    if (has("TOKEN")) replace(text, "TOKEN", at().tokens().create(Operator{}, {owner_, "x", Scope::read, {}}).id.text);
    if (has("EXPORT")) {
      const ExportId made = at().exports().start(Operator{}, {owner_}).id;
      waitFor("the export is ready", [&] {
        return at().exports().open(Operator{}, {owner_, made}).meta.type == exportType;
      });
      replace(text, "EXPORT", made.text);
    }
    replace(text, "TASK", "upload-sweep");
    replace(text, "OWNER", owner_);
  }

  // The objects that belong to the moderator.
  void fillOfModerator(std::string& text) {
    const auto has = [&](const std::string& word) { return text.find(word) != std::string::npos; };
    if (has("MODVIDEO")) replace(text, "MODVIDEO", video("mod").text);
    if (has("MODBLOCK")) {
      const VideoId blocked = video("mod");
      at().videos().block(Operator{}, {blocked, "x"});
      replace(text, "MODBLOCK", blocked.text);
    }
    if (has("MODHASH")) {
      // One video of the moderator has it; more could not be uploaded.
      static const std::string hash = at().videos().show(Operator{}, {video("mod", 3), {}}).sha256;
      at().contents().block(Operator{}, {hash, "x"});
      replace(text, "MODHASH", hash);
    }
    if (has("MODCOMMENT")) {
      const CommentId made = at().comments().post(Operator{"mod"}, {video("mod"), "hello", {}}).id;
      at().comments().hide(Operator{}, {made});
      replace(text, "MODCOMMENT", made.text);
    }
    if (has("MODREPORT")) {
      ReportUser report;
      report.user = "mod";
      report.contact = owner_ + "@example.org";
      replace(text, "MODREPORT", at().reports().user(Operator{}, report).id.value().text);
    }
    replace(text, "MODERATOR", "mod");
  }

  VideoId video() { return video(owner_); }

  VideoId video(const std::string& owner, int seed = 0) {
    const VideoId made = at().videos().add(Operator{}, {owner, "x"}).id;
    at().uploads().put(Operator{}, {made, {}}, sourceOf(movie(400, seed)));
    return made;
  }

  Site& site_;
  httplib::Client& tcp_;
  httplib::Client& socket_;
  std::string owner_;
};

}  // namespace

TEST_CASE("every endpoint answers every kind of caller as rights.md says") {
  Site site(Way::remote, [](Settings& settings) {
    settings.store.synchronous = store::Synchronous::normal;
    settings.access.reportsPerHour = 0;
    settings.access.commentsPerMinute = 0;
    settings.access.importsPerHour = 0;
    settings.reports.maxOfGuestsPerSubject = 0;
    settings.renditions.programs = "/nowhere";  // so that they can be asked for
    for (const char* task : {"thumbnails", "renditions"}) settings.tasks.timings[task].enabled = false;
  });
  httplib::Client tcp(site.url());
  httplib::Client socket((site.data() / "videod.sock").string(), 80);
  socket.set_address_family(AF_UNIX);
  tcp.set_keep_alive(true);
  socket.set_keep_alive(true);
  const Table table = readTable();
  const std::vector<Row>& rows = table.rows;

  int number = 0;
  std::size_t moderated = 0;
  for (const Row& row : rows) {
    std::string found;
    bool same = true;
    for (std::size_t i = 0; i < callers.size(); ++i) {
      const int status = Cell(site, tcp, socket, number++).ask(row, callers[i]);
      found += " | " + std::to_string(status);
      same = same && status == row.statuses[i];
    }
    INFO("| " << row.method << ' ' << row.path << " | " << row.body << found << " |   are the actual statuses");
    CHECK(same);
    const std::string request = row.method + ' ' + row.path;
    const auto exception = table.moderator.find(request + ' ' + row.body);
    INFO("a moderator: " << request);
    CHECK(Cell(site, tcp, socket, number++).ask(row, "moderator") ==
          (exception == table.moderator.end() ? row.statuses[2] : exception->second));
    moderated += exception == table.moderator.end() ? 0 : 1;
  }
  CHECK(moderated == table.moderator.size());

  for (const http::Route& route : site.router().routes()) {
    if (route.roles == http::web) continue;  // a page: tests/contract/web.cpp
    const bool known = std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
      return row.method == nameOf(route.method) && routeOf(row.path) == routeOf(route.path);
    });
    INFO("rights.md has no row for " << nameOf(route.method) << ' ' << route.path);
    CHECK(known);
  }
  for (const Row& row : rows) {
    const std::vector<http::Route> routes = site.router().routes();
    INFO("there is no endpoint " << row.method << ' ' << row.path);
    CHECK(std::any_of(routes.begin(), routes.end(), [&](const http::Route& route) {
      return row.method == nameOf(route.method) && routeOf(row.path) == routeOf(route.path);
    }));
  }
}

TEST_CASE("every operation has a right in the table, and every right is checked by its operation") {
  const std::set<std::string> withoutRight{"uploads.testpage", "uploads.options", "server.healthz",
                                           "server.readyz",    "server.openapi",  "server.version"};
  const Site site(Way::remote);
  std::set<std::string> acts;
  for (const http::Route& route : site.router().routes())
    if (route.roles != http::web) acts.insert(actOf(std::string(route.name)));
  const std::map<std::string, TableRow> rights = rightsByConstant();
  REQUIRE(rights.size() > 50);

  std::set<std::string> guarded;
  for (const auto& [constant, row] : rights) {
    const std::string& operation = row.operation;
    INFO("rights::" << constant << " is of " << operation);
    CHECK(acts.contains(operation));
    guarded.insert(operation);
    const std::string noun = operation.substr(0, operation.find('.'));
    std::string asks = bytesOf(VIDEO_SOURCE_DIR "/lib/access/view.cpp");
    for (const auto& entry : std::filesystem::directory_iterator(VIDEO_SOURCE_DIR "/lib/" + noun))
      if (entry.path().extension() == ".cpp" && entry.path().filename() != "wire.cpp") asks += bytesOf(entry.path());
    CHECK((row.isOpen || std::regex_search(asks, std::regex("rights::" + constant + "\\b"))));
  }
  for (const std::string& act : acts) {
    INFO(act << " has no right in lib/access/rights.hpp");
    CHECK(guarded.contains(act) != withoutRight.contains(act));
  }
}
