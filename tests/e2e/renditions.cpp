// Playable forms, made by the daemon: what a daemon leaves that ends while ffmpeg runs.
#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;
namespace fs = std::filesystem;

namespace {

// The children of a process, of all its threads.
std::vector<std::string> childrenOf(pid_t parent) {
  std::vector<std::string> all;
  std::error_code gone;
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(parent) + "/task", gone)) {
    std::istringstream words(read(thread.path() / "children"));
    for (std::string pid; words >> pid;) all.push_back(pid);
  }
  return all;
}

// One that nobody has waited for yet counts as ended.
bool runs(const std::string& pid) {
  const std::string stat = read("/proc/" + pid + "/stat");
  return !stat.empty() && stat.find(") Z ") == stat.npos;
}

std::vector<std::string> fileNames(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
  return names;
}

}  // namespace

TEST_CASE("a daemon that ends while a form is made takes ffmpeg along and leaves nothing, and the next makes it") {
  if (run({"sh", "-c", "command -v ffmpeg"}).status != 0) {
    WARN("skipped: ffmpeg is not installed");
    return;
  }
  const int signal = GENERATE(SIGKILL, SIGTERM);
  CAPTURE(signal);
  const TempDirectory home;
  const fs::path data = home / "data";
  const std::string config =
      "[media]\ntranscode = \"h264\"\n[task.renditions]\nevery = \"1s\"\njitter = \"0s\"\n"
      "[task.thumbnails]\nenabled = false\n";
  const auto ctl = [&](const Words& words) {
    const Ended ended =
        videoctl(join({"--direct", "--data-dir", data.string()}, words), {{}, "password of anna", home.path()});
    INFO(ended.err);
    REQUIRE(ended.status == 0);
    return line(ended.out);
  };
  REQUIRE(run({"sh", "-c", "ffmpeg -v error -f lavfi -i testsrc=s=320x180:d=20:r=25 -c:v mpeg4 -q:v 5 a.mkv"},
              {{}, {}, home.path()})
              .status == 0);
  std::string id;
  {
    Daemon daemon(config, {}, data);
    ctl({"user", "add", "anna", "--password-stdin"});
    id = ctl({"-o", "id", "video", "upload", "a.mkv", "--user", "anna"});
    std::vector<std::string> children;
    test::waitFor("a form is being made", [&] {
      children = childrenOf(daemon.pid());
      return !children.empty() && fileNames(data / "derived").size() == 1;
    });
    CHECK(fileNames(data / "derived").front().ends_with(".mp4.new"));
    if (signal == SIGKILL)
      daemon.kill();
    else
      CHECK(daemon.terminate() == 0);
    test::waitFor("ffmpeg has ended", [&] { return std::none_of(children.begin(), children.end(), runs); });
    if (signal == SIGTERM) CHECK(fileNames(data / "derived").empty());
  }
  Daemon daemon(config, {}, data);
  waitForPlayable(data, id);
  const std::vector<std::string> left = fileNames(data / "derived");
  CHECK(left.size() == 1);
  CHECK(left.front().ends_with(".mp4"));
  CHECK(fileNames(data / "incoming").empty());
  CHECK(childrenOf(daemon.pid()).empty());
  ctl({"video", "download", id, "--form", "play", "--to", "play.mp4"});
  const Ended played = run({"ffmpeg", "-v", "error", "-i", "play.mp4", "-f", "null", "-"}, {{}, {}, home.path()});
  CHECK(played.status == 0);
  CHECK(played.err.empty());
  const std::string length =
      run({"ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", "play.mp4"},
          {{}, {}, home.path()})
          .out;
  CHECK(length.starts_with("20.0"));
}
