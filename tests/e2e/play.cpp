// `videoctl play`, with a program that says how it was called in place of a player.
#include <sys/stat.h>

#include "catch.hpp"
#include "e2e/ctl.hpp"

using namespace video;
using namespace video::e2e;

TEST_CASE("play starts the player with a link that needs no sign-in, and the danmaku as an ASS file") {
  Site site(GENERATE("remote", "direct"));
  INFO(site.way);
  write(site.folder / "film.mp4", content('x'));
  const std::string id = line(site.run("ada", {"-o", "id", "video", "upload", "film.mp4", "--user", "ada"}).out);
  site.run("ada", {"comment", "post", id, "a wave", "--at", "0:02.5", "--mode", "top"});
  const auto player = write(site.folder / "player",
                            "#!/bin/sh\nfor word; do echo \"$word\" >> called; done\n"
                            "cp \"${2#--sub-file=}\" danmaku.ass\ncase $3 in\nhttp*) curl -sf \"$3\" > played ;;\n"
                            "*) cat \"$3\" > played ;;\nesac\nexit \"${STATUS:-0}\"\n");
  ::chmod(player.c_str(), 0755);
  Given given;
  given.environment["PLAYER"] = player.string() + " --loud";
  const Ended ended = site.run("ada", {"play", id}, given);
  INFO(ended.err);
  CHECK(ended.status == 0);
  const std::string called = read(site.folder / "called");
  INFO(called);
  CHECK(called.starts_with("--loud\n--sub-file=/"));
  if (site.way == "remote") CHECK(called.find("sig=") != std::string::npos);
  CHECK(read(site.folder / "played") == content('x'));
  const std::string danmaku = read(site.folder / "danmaku.ass");
  CHECK(danmaku.find("Dialogue: 0,0:00:02.50,") != std::string::npos);
  CHECK(danmaku.find("a wave") != std::string::npos);
  const std::string file = called.substr(called.find("--sub-file=") + 11);
  CHECK_FALSE(std::filesystem::exists(file.substr(0, file.find('\n'))));
  CHECK(line(site.run("ada", {"-o", "id", "share", "list", id}).out).empty());  // revoked afterwards

  if (site.way == "remote") {  // mpv reads the link from a file, as others see its arguments
    const auto mpv = write(site.folder / "mpv",
                           "#!/bin/sh\nfor word; do echo \"$word\" >> told\ncase $word in\n"
                           "--playlist=*) cat \"${word#--playlist=}\" > list ;;\nesac\ndone\n");
    ::chmod(mpv.c_str(), 0755);
    Given other;
    other.environment["PLAYER"] = mpv.string();
    CHECK(site.run("ada", {"play", id}, other).status == 0);
    CHECK(read(site.folder / "told").find("sig=") == std::string::npos);
    CHECK(read(site.folder / "list").find("sig=") != std::string::npos);
  }
  given.environment["STATUS"] = "3";
  const Ended failed = site.run("ada", {"play", id}, given);
  CHECK(failed.status == 1);
  CHECK(failed.err.find("ended with status 3") != std::string::npos);
  given.environment["PLAYER"] = "no-such-player";
  CHECK(site.run("ada", {"play", id}, given).status == 1);
  CHECK(site.run("ada", {"play", "nothing"}, given).status == 4);
}
