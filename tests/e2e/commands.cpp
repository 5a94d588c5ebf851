// What videoctl's commands stand for, and the files that are made from them.
#include <nlohmann/json.hpp>
#include <set>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

const fs::path root = VIDEO_SOURCE_DIR;

std::set<std::string> operations() {
  std::set<std::string> found;
  const auto document = nlohmann::json::parse(read(root / "share/openapi.json"));
  for (const auto& path : document.at("paths"))
    for (const auto& operation : path) {
      const auto id = operation.at("operationId").get<std::string>();
      found.insert(id.substr(0, id.find('.', id.find('.') + 1)));  // `videos.show.2` is a second path of videos.show
    }
  return found;
}

// By folder and name, what is in the folders that `videoctl generate` writes.
std::map<std::string, std::string> generatedIn(const fs::path& tree) {
  std::map<std::string, std::string> files;
  for (const char* folder : {"man", "completions", "share"})
    for (const auto& entry : fs::recursive_directory_iterator(tree / folder))
      if (entry.is_regular_file()) files[fs::relative(entry.path(), tree).string()] = read(entry.path());
  return files;
}

bool isThere(const std::string& program) {
  if (run({"sh", "-c", "command -v " + program}).status == 0) return true;
  WARN(program << " is not installed: not tried");
  return false;
}

// The lines of a manual's EXAMPLES, as a person would type them.
std::string examplesOf(const fs::path& page) {
  std::istringstream lines(read(page));
  std::string out;
  bool here = false;
  bool inside = false;
  for (std::string text; std::getline(lines, text);) {
    if (text.starts_with(".Sh ")) here = text == ".Sh EXAMPLES";
    if (text == ".Bd -literal") {
      inside = true;
    } else if (text == ".Ed") {
      inside = false;
    } else if (here && inside) {
      for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '\\';
        if (escape) ++i;
        out += escape && text[i] == 'e' ? '\\' : text[i];
      }
      out += '\n';
    }
  }
  return out;
}

void replace(std::string& text, const std::string& word, const std::string& with) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + with.size()))
    text.replace(at, word.size(), with);
}

// A site, and a folder in which the examples of the manuals work.
struct Workplace {
  Workplace() {
    write(site.folder / "videod.toml", "data_dir = \"" + site.daemon.dataDirectory().string() + "\"\n" + idle);
    for (const char* name : {"holiday.mp4", "beach.mp4"}) write(site.folder / name, content(name[0]));
    for (const char* name : {"ada", "bob"}) {
      const fs::path file = site.folder / (std::string(name) + ".pwd");
      write(file, std::string("password of ") + name + '\n');
      fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    }
    fs::create_directory(site.folder / "incoming");
    const fs::path old = write(site.folder / "incoming/old.mp4", content('o'));
    fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours{1});
    const std::string programs = fs::path(builtProgram("videoctl")).parent_path().string();
    const char* const path = std::getenv("PATH");
    given = {{{"VIDEOD_CONFIG", (site.folder / "videod.toml").string()},
              {"XDG_CONFIG_HOME", site.folder.path().string()},
              {"XDG_CACHE_HOME", site.folder.path().string()},
              {"PATH", programs + ":" + (path == nullptr ? "/usr/bin:/bin" : path)}},
             {},
             site.folder.path()};
  }

  // Runs lines as one script, which ends at the first that fails.
  Ended script(std::string lines) const {
    replace(lines, "https://video.example", site.daemon.url());
    replace(lines, "/srv/incoming", (site.folder / "incoming").string());
    replace(lines, "/srv/videos", (site.folder / "other").string());
    return run({"sh", "-euc", lines}, given);
  }

  Site site{"socket"};
  Given given;
};

}  // namespace

TEST_CASE("every endpoint has a command and every command has an endpoint, or a stated reason for having none") {
  const std::map<std::string, std::string> nouns{
      {"users", "user"},     {"sessions", "session"}, {"tokens", "token"},     {"videos", "video"},
      {"uploads", "upload"}, {"shares", "share"},     {"comments", "comment"}, {"deletions", "queue"},
      {"tasks", "task"},     {"server", "server"},    {"exports", "user"},     {"subtitles", "video"},
      {"reports", "report"}, {"contents", "video"},   {"renditions", "video"}, {"views", "history"},
  };
  // Operations whose command has another name.
  const std::map<std::string, std::string> others{
      {"users.change", "user-set"},
      {"users.remove", "user-delete"},
      {"sessions.revokeAll", "session-revoke"},
      {"tokens.revokeAll", "token-revoke"},
      {"videos.add", "video-upload"},
      {"videos.known", "video-upload"},
      {"videos.listOf", "video-list"},
      {"videos.newest", "video-list"},
      {"videos.open", "video-download"},
      {"videos.verifyStatus", "video-verify"},
      {"uploads.put", "video-upload"},
      {"uploads.stripLocation", "video-strip-location"},
      {"uploads.begin", "video-upload"},
      {"uploads.rehearse", "video-upload"},
      {"uploads.probe", "video-upload"},
      {"uploads.status", "video-upload"},
      {"subtitles.put", "video-subtitle-add"},
      {"subtitles.list", "video-subtitle-list"},
      {"subtitles.open", "video-subtitle-list"},
      {"subtitles.remove", "video-subtitle-delete"},
      {"comments.remove", "comment-delete"},
      {"comments.removeBy", "comment-delete"},
      {"comments.listHeld", "comment-list"},
      {"comments.listBy", "comment-list"},
      {"views.watch", "history-set"},
      {"views.resume", "history-show"},
      {"views.history", "history-list"},
      {"deletions.enqueue", "video-delete"},
      {"exports.start", "user-export"},
      {"exports.open", "user-export"},
      {"contents.block", "video-block"},
      {"contents.unblock", "video-unblock"},
      {"contents.list", "video-blocked"},
      {"renditions.list", "video-renditions"},
      {"renditions.listQueued", "video-renditions"},
      {"renditions.setThumbnail", "video-thumbnail"},
      {"renditions.removeThumbnail", "video-thumbnail"},
  };
  const std::map<std::string, std::string> noCommand{
      {"videos.drop", "for guests, who have no program of ours"},
      {"videos.chapters", "for players; video show lists them"},
      {"uploads.testpage", "a page for browsers"},
      {"uploads.options", "for clients of tus"},
      {"uploads.create", "for clients of tus"},
      {"uploads.resume", "for clients of tus"},
      {"uploads.append", "for clients of tus"},
      {"server.healthz", "for load balancers"},
      {"server.readyz", "for load balancers; server status says it"},
      {"server.version", "server status says it"},
      {"server.metrics", "for Prometheus"},
      {"server.openapi", "a document; it is in share/"},
  };
  const std::map<std::string, std::string> noEndpoint{
      {"user-passwd", "users.change"},
      {"user-disable", "users.change"},
      {"user-enable", "users.change"},
      {"video-rename", "videos.set"},
      {"doctor", "this machine"},
      {"data-init", "the data directory"},
      {"data-migrate", "the data directory"},
      {"data-check", "the data directory"},
      {"data-export", "the data directory"},
      {"data-import", "the data directory"},
      {"data-rotate-key", "the data directory"},
      {"data-backup", "the data directory"},
      {"data-verify", "a folder of the caller's"},
      {"data-restore", "the data directory"},
      {"data-changes", "the data directory"},
      {"server-check-config", "a file of the caller's"},
      {"context-add", "a file of the caller's"},
      {"context-use", "a file of the caller's"},
      {"context-show", "a file of the caller's"},
      {"context-list", "a file of the caller's"},
      {"context-remove", "a file of the caller's"},
      {"play", "videos.open"},
      {"completion", "the program alone"},
      {"generate", "the program alone"},
      {"help", "the program alone"},
      {"version", "the program alone"},
  };
  const std::map<std::string, bool> commands = allCommands();
  std::set<std::string> reached;
  for (const std::string& operation : operations()) {
    CAPTURE(operation);
    const std::size_t dot = operation.find('.');
    const auto other = others.find(operation);
    const std::string command =
        other != others.end() ? other->second : nouns.at(operation.substr(0, dot)) + '-' + operation.substr(dot + 1);
    CHECK(commands.contains(command) != noCommand.contains(operation));
    reached.insert(command);
  }
  for (const auto& [command, isJson] : commands) {
    CAPTURE(command);
    CHECK(reached.contains(command) != noEndpoint.contains(command));
  }
}

TEST_CASE("manuals, completions, schemas and the OpenAPI document are what `videoctl generate` writes") {
  const TempDirectory tree;
  fs::create_directories(tree / "etc");
  fs::copy(root / "etc/videod.toml", tree / "etc/videod.toml");
  CHECK(videoctl({"generate", tree.path().string()}).status == 4);  // not without the project
  fs::copy_file(root / "CMakeLists.txt", tree / "CMakeLists.txt");
  REQUIRE(videoctl({"generate", tree.path().string()}).status == 0);
  const auto fresh = generatedIn(tree.path());
  const auto kept = generatedIn(root);
  for (const auto& [name, text] : fresh) {
    INFO(name << " is not as `videoctl generate` writes it");
    CHECK((kept.contains(name) && kept.at(name) == text));
  }
  for (const auto& [name, text] : kept) {
    INFO(name << " is not generated any more");
    CHECK(fresh.contains(name));
  }
}

TEST_CASE("the daemon serves its OpenAPI document, and the document is valid") {
  const Daemon daemon;
  const Ended got = run({"curl", "-sf", daemon.url() + "/openapi.json"});
  REQUIRE(got.status == 0);
  CHECK(nlohmann::json::parse(got.out) == nlohmann::json::parse(read(root / "share/openapi.json")));
  if (!isThere("redocly")) return;
  const Ended linted = run({"redocly", "lint", (root / "share/openapi.json").string()});
  INFO(linted.out << linted.err);
  CHECK(linted.status == 0);
}

TEST_CASE("mandoc and groff find nothing wrong with the manuals") {
  std::string pages;
  for (const auto& entry : fs::directory_iterator(root / "man")) pages += ' ' + entry.path().string();
  // Their neighbours are not installed here.
  if (isThere("mandoc"))
    CHECK(run({"sh", "-c", "mandoc -T lint" + pages + " | grep -v 'STYLE: referenced manual not found'"}).out == "");
  if (isThere("groff")) {
    const Ended ended = run({"sh", "-c", "for p in" + pages + "; do groff -k -ww -mandoc -Tutf8 $p >/dev/null; done"});
    CHECK(ended.err == "");
  }
}

TEST_CASE("the examples of the manuals work") {
  const Workplace place;
  std::set<fs::path> pages;
  for (const auto& entry : fs::directory_iterator(root / "man")) pages.insert(entry.path());
  REQUIRE(place.script("videoctl video upload holiday.mp4 --user ada").status == 0);
  for (const fs::path& page : pages) {
    const std::string lines = examplesOf(page);
    REQUIRE(!lines.empty());
    const Ended ended = place.script(lines);
    INFO(page << '\n' << lines << ended.out << ended.err);
    CHECK(ended.status == 0);
  }
  const std::string readme = read(root / "README.md");
  std::istringstream recipes(examplesOf(root / "man/videoctl.1"));
  for (std::string text; std::getline(recipes, text);) {
    INFO(text);
    CHECK(readme.find('\n' + text + '\n') != std::string::npos);
  }
}

TEST_CASE("shells complete commands, options and existing names") {
  const Workplace place;
  REQUIRE(place.script("videoctl video upload holiday.mp4 beach.mp4 --user ada").status == 0);
  const auto type = [&](const std::string& shell, const std::string& setUp, const std::string& keys) {
    Given given = place.given;
    given.input = setUp + '\n' + keys + "\nexit\n";
    given.environment["TERM"] = "dumb";
    return run({"script", "-qec", shell, "/dev/null"}, given).out;
  };
  // The second tab that finds nothing to add lists; one completes what is the only one, and the line then does what it
  // says.
  const std::string keys = "videoctl video show \t\t\t\nvideoctl task sh\tsession-sw\t\nvideoctl user show roo\t";
  const auto check = [](const std::string& screen) {
    CAPTURE(screen);
    CHECK(screen.find("holiday.mp4") != std::string::npos);
    CHECK(screen.find("beach.mp4") != std::string::npos);
    CHECK(screen.find("last_run") != std::string::npos);
    CHECK(screen.find("bytes_trash") != std::string::npos);
  };
  if (isThere("bash"))
    check(type("bash --norc --noprofile -i", "source " + (root / "completions/videoctl.bash").string(), keys));
  if (isThere("zsh"))
    check(type("zsh -f -i", "autoload -U compinit; compinit -u -D; source " + (root / "completions/_videoctl").string(),
               keys));
  if (!isThere("fish")) return;
  const std::string source = "source " + (root / "completions/videoctl.fish").string() + "; ";
  const auto complete = [&](const std::string& line) {
    return run({"fish", "--no-config", "-c", source + "complete -C '" + line + "'"}, place.given).out;
  };
  const std::string videos = complete("videoctl video show ");
  CHECK(videos.find("\tholiday.mp4\n") != std::string::npos);
  CHECK(videos.find("\tbeach.mp4\n") != std::string::npos);
  CHECK(complete("videoctl task run session-s") == "session-sweep\twaiting\n");
  CHECK(complete("videoctl video list --user=a") == "--user=ada\tuser\n");
  CHECK(complete("videoctl video list --sort n") == "name\n");
  CHECK(complete("videoctl que") == "queue\tThe deletion queue: deleted videos waiting to be purged\n");
}
