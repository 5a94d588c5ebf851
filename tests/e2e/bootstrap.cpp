// ./bootstrap, with a compiler that builds nothing.
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "e2e/program.hpp"

using namespace video;
using namespace video::e2e;

TEST_CASE("bootstrap shows on a terminal how far the build is, and its log if it fails") {
  const TempDirectory home;
  const auto write = [&](const std::string& name, const std::string& text) {
    const std::filesystem::path path = home / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  };
  std::filesystem::copy(std::string(VIDEO_SOURCE_DIR) + "/bootstrap", home / "bootstrap");
  write("etc/packages.txt", "# none\n");
  write("build/sample.mp4", "a video");
  write("bin/npm", "#!/bin/sh\n");
  write("bin/cmake",
        "#!/bin/sh\n[ \"$1\" = --build ] || exit 0\n"
        "echo '[1/2] Building one'\necho '[2/2] Building two'\necho 'two: broken' >&2\nexit 1\n");
  const Given given{{{"PATH", (home / "bin").string() + ":/usr/sbin:/usr/bin:/sbin:/bin"}}, {}, home.path()};
  const std::string failed = "bootstrap: the build failed (see build/build.log)";

  const Ended piped = run({"./bootstrap", "run"}, given);
  CHECK(piped.status == 1);
  CHECK(piped.out == "building (build/release)\n");
  CHECK(piped.err == "[1/2] Building one\n[2/2] Building two\ntwo: broken\n" + failed + "\n");

  const Ended shown = run({"script", "-qec", "./bootstrap run", "/dev/null"}, given);
  CHECK(shown.status == 1);
  for (const std::string& part :
       {std::string("\r[1/2]\033[K\r[2/2]\033[K\r\033[K"), std::string("two: broken\r\n"), failed})
    CHECK(shown.out.find(part) != std::string::npos);
}
