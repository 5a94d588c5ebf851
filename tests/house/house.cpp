#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "house/headers.hpp"
#include "house/includes.hpp"
#include "os/descriptor.hpp"
#include "temp.hpp"

namespace fs = std::filesystem;
using namespace video;

namespace {

const fs::path root = VIDEO_SOURCE_DIR;
constexpr int longestFile = 600;

std::string textOf(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> sources() {
  std::vector<fs::path> found;
  for (const char* const top : {"lib", "cmd", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(root / top))
      if (entry.path().extension() == ".hpp" || entry.path().extension() == ".cpp") found.push_back(entry.path());
  return found;
}

// A tree like ours, in which one file includes one other.
std::vector<std::string> plant(const std::string& file, const std::string& include) {
  const TempDirectory tree;
  const auto write = [&](const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::app) << text;
  };
  if (include.front() == '"') write(tree.path() / "lib" / include.substr(1, include.size() - 2), "#pragma once\n");
  write(tree.path() / file, "\n  #  include " + include + "\n");
  return house::wrongIncludes(tree.path());
}

}  // namespace

TEST_CASE("every public type and operation is documented, and no two types share a name") {
  for (const std::string& fault : house::faultsOfHeaders(root)) FAIL_CHECK(fault);
}

TEST_CASE("every include points left") {
  for (const std::string& wrong : house::wrongIncludes(root)) FAIL_CHECK(wrong);
}

TEST_CASE("an include that points the wrong way is found") {
  const auto [file, include] = GENERATE(table<std::string, std::string>({
      {"lib/base/a.hpp", "\"observe/log.hpp\""},
      {"lib/base/a.cpp", "\"users/users.hpp\""},
      {"lib/store/a.cpp", "\"http/router.hpp\""},
      {"lib/http/a.cpp", "\"schedule/schedule.hpp\""},
      {"lib/schedule/a.cpp", "\"media/sniff.hpp\""},
      {"lib/media/a.cpp", "\"store/database.hpp\""},
      {"lib/http/a.cpp", "\"access/access.hpp\""},
      {"lib/access/a.cpp", "\"http/message.hpp\""},
      {"lib/access/a.cpp", "\"users/rows.hpp\""},
      {"lib/access/rows.hpp", "\"sessions/sessions.hpp\""},
      {"lib/access/a.hpp", "\"tokens/fields.hpp\""},
      {"lib/sessions/rows.cpp", "\"tokens/rows.hpp\""},
      {"lib/sessions/make.hpp", "\"access/access.hpp\""},
      {"lib/sessions/local.cpp", "\"tokens/make.hpp\""},
      {"cmd/videoctl/a.cpp", "\"users/make.hpp\""},
      {"lib/users/users.hpp", "\"store/database.hpp\""},
      {"lib/users/users.hpp", "\"users/fields.hpp\""},
      {"lib/users/fields.hpp", "\"store/database.hpp\""},
      {"lib/users/rows.cpp", "\"videos/rows.hpp\""},
      {"lib/users/rows.hpp", "\"access/access.hpp\""},
      {"lib/users/local.cpp", "\"http/router.hpp\""},
      {"lib/users/wire.cpp", "\"store/database.hpp\""},
      {"lib/users/wire.cpp", "\"access/access.hpp\""},
      {"lib/users/wire.cpp", "\"users/rows.hpp\""},
      {"lib/users/local.cpp", "\"settings/settings.hpp\""},
      {"lib/videos/local.cpp", "\"deletions/purge_worker.hpp\""},
      {"lib/videos/local.cpp", "\"users/local.cpp\""},
      {"lib/settings/a.cpp", "\"users/rows.hpp\""},
      {"lib/toolkit/a.cpp", "\"users/rows.hpp\""},
      {"lib/settings/a.cpp", "\"toolkit/toolkit.hpp\""},
      {"lib/nowhere/a.cpp", "\"base/error.hpp\""},
      {"lib/users/local.cpp", "\"nowhere/a.hpp\""},
      {"cmd/videoctl/a.cpp", "\"videos/rows.hpp\""},
      {"lib/store/a.cpp", "<httplib.h>"},
      {"cmd/videod/a.cpp", "<httplib.h>"},
      {"lib/users/rows.cpp", "<SQLiteCpp/SQLiteCpp.h>"},
      {"lib/http/a.cpp", "<spdlog/spdlog.h>"},
      {"lib/base/a.cpp", "<toml++/toml.h>"},
      {"lib/toolkit/a.cpp", "<CLI/CLI.hpp>"},
  }));
  const auto wrong = plant(file, include);
  CAPTURE(file, include);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong.front().starts_with(file + ":2: "));
}

TEST_CASE("an include that points the right way is let be") {
  const auto [file, include] = GENERATE(table<std::string, std::string>({
      {"lib/store/a.cpp", "\"store/database.hpp\""},
      {"lib/store/a.cpp", "\"observe/log.hpp\""},
      {"lib/access/a.hpp", "\"base/identity.hpp\""},
      {"lib/tokens/rows.cpp", "\"sessions/rows.hpp\""},
      {"lib/toolkit/a.cpp", "\"users/make.hpp\""},
      {"lib/deletions/deletions.hpp", "\"videos/videos.hpp\""},
      {"lib/comments/rows.cpp", "\"videos/rows.hpp\""},
      {"lib/uploads/local.cpp", "\"deletions/rows.hpp\""},
      {"lib/users/wire.cpp", "\"http/router.hpp\""},
      {"lib/settings/a.hpp", "\"http/transport.hpp\""},
      {"cmd/videod/main.cpp", "\"toolkit/toolkit.hpp\""},
      {"lib/http/a.cpp", "<httplib.h>"},
      {"lib/store/a.cpp", "<SQLiteCpp/SQLiteCpp.h>"},
  }));
  const auto wrong = plant(file, include);
  CAPTURE(file, include, wrong);
  CHECK(wrong.empty());
}

TEST_CASE("no file is too long, and every header guards itself") {
  for (const fs::path& file : sources()) {
    const std::string text = textOf(file);
    CAPTURE(file);
    CHECK(std::count(text.begin(), text.end(), '\n') <= longestFile);
    if (file.extension() == ".hpp") CHECK(text.find("#pragma once") != std::string::npos);
  }
}

TEST_CASE("no two headers of a library define a type of the same name") {
  const std::regex definition(R"(^(?:class|struct|enum class) ([A-Za-z0-9]+)(?: final)?(?: ?:[^:;]*)? ?\{)");
  std::map<std::string, fs::path> homes;
  for (const fs::path& file : sources()) {
    const fs::path below = fs::relative(file, root / "lib");
    if (file.extension() != ".hpp" || *below.begin() == "..") continue;
    std::istringstream in(textOf(file));
    for (std::string line; std::getline(in, line);) {
      std::smatch found;
      if (!std::regex_search(line, found, definition)) continue;
      const auto [home, isFirst] = homes.emplace(below.begin()->string() + "::" + found[1].str(), below);
      if (!isFirst && home->second != below)
        FAIL_CHECK(home->first << " is in " << home->second << " and in " << below);
    }
  }
  CHECK(homes.contains("os::Descriptor"));
}

TEST_CASE("the list of packages is one list, which all use") {
  std::set<std::string> packages;
  std::istringstream in(textOf(root / "etc/packages.txt"));
  for (std::string line; std::getline(in, line);) {
    line = std::regex_replace(line, std::regex(R"(\s*#.*$)"), "");
    if (line.empty()) continue;
    CAPTURE(line);
    CHECK(std::regex_match(line, std::regex("[a-z0-9][a-z0-9.+-]+")));
    CHECK(packages.insert(line).second);
  }
  for (const char* const needed : {"g++", "cmake", "ninja-build", "libcpp-httplib-dev", "catch2", "ffmpeg", "curl"})
    CHECK(packages.contains(needed));
  CHECK(textOf(root / "bootstrap").find("etc/packages.txt") != std::string::npos);
  CHECK(textOf(root / ".ci/run").find("./bootstrap test") != std::string::npos);
}
