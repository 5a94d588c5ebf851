#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "e2e/program.hpp"
#include "wait.hpp"

namespace video::e2e {

using Words = std::vector<std::string>;

// Everything becomes due only when somebody says so.
inline constexpr const char* idle =
    "[task.video-clear]\nenabled = false\n[task.user-clear]\nenabled = false\n[task.thumbnails]\nenabled = false\n"
    "[task.renditions]\nenabled = false\n";

inline const std::string jsonType = "application/json";
inline constexpr std::uint64_t mega = 1 << 20;

inline std::string line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

inline std::filesystem::path write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What passes for an mp4.
inline std::string content(char letter) {
  return mp4Front() + std::string(3000, letter);
}

inline Words join(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// What it wrote; fails the test where it did not succeed.
inline std::string need(const Ended& ended) {
  INFO(ended.err);
  REQUIRE(ended.status == 0);
  return ended.out;
}

/// Whether a program is installed; if not, says that the test is skipped.
inline bool isInstalled(const std::string& program) {
  if (run({"sh", "-c", "PATH=$PATH:/usr/sbin command -v " + program}).status == 0) return true;
  WARN("skipped: " << program << " is not installed (etc/packages.txt)");
  return false;
}

// A daemon with an admin, and videoctl on one way to it.
struct Site {
  explicit Site(const std::string& by, const std::string& config = idle) : daemon(config), way(by) {
    write(folder / "ctl.toml", "data_dir = \"" + daemon.dataDirectory().string() + "\"\n" + config);
    REQUIRE(
        direct({"user", "add", "root", "--role", "admin", "--password-stdin"}, {{}, "password of root", {}}).status ==
        0);
    REQUIRE(direct({"user", "add", "ada", "--password-stdin"}, {{}, "password of ada", {}}).status == 0);
  }

  Ended direct(const Words& words, const Given& given = {}) const {
    return videoctl(join({"--direct", "--data-dir", daemon.dataDirectory().string()}, words), given);
  }

  // As the user, or as who runs the site.
  Ended run(const std::string& user, const Words& words, Given given = {}) {
    given.folder = folder.path();
    if (way == "remote") {
      std::string& token = tokens[user];
      if (token.empty())
        token = line(direct({"--as", user.empty() ? "root" : user, "token", "create", "--label", "test", "--scope",
                             user.empty() ? "admin" : "full"})
                         .out);
      given.environment["VIDEOCTL_TOKEN"] = token;
      return videoctl(join({"--server", daemon.url()}, words), given);
    }
    const Words as = user.empty() ? Words{} : Words{"--as", user};
    const Words local = join(join({"--config", (folder / "ctl.toml").string()}, as), words);
    return way == "direct" ? direct(local, given) : videoctl(local, given);
  }

  Daemon daemon;
  TempDirectory folder;
  std::string way;
  std::map<std::string, std::string> tokens;
};

/// Waits until the playable form of a video is there: first for its file, which costs ffmpeg less than asking does.
inline void waitForPlayable(const std::filesystem::path& data, const std::string& id) {
  test::waitFor("the form has been made", [&] {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(data / "derived" / id, none)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("play-") && name.ends_with(".mp4")) return true;
    }
    return false;
  });
  test::waitFor("the form is shown", [&] {
    return videoctl({"--direct", "--data-dir", data.string(), "-o", "json", "video", "show", id})
               .out.find("\"play\"") != std::string::npos;
  });
}

/// The commands there are, as `noun-verb`, and whether they write JSON.
inline std::map<std::string, bool> allCommands() {
  std::map<std::string, bool> all;
  std::istringstream lines(videoctl({"generate", "--commands"}).out);
  for (std::string text; std::getline(lines, text);) all[text.substr(0, text.find('\t'))] = text.ends_with("\tjson");
  return all;
}

}  // namespace video::e2e
