// The file for access lines, and who is told of errors.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "catch.hpp"
#include "fault_of.hpp"
#include "observe/log.hpp"
#include "os/descriptor.hpp"
#include "temp.hpp"
#include "wait.hpp"

using namespace video;
using namespace video::observe;
using video::test::faultOf;
namespace fs = std::filesystem;

namespace {

LogOptions accessIn(const fs::path& file) {
  LogOptions options{LogLevel::off};
  options.accessFile = file.string();
  return options;
}

// Restores the log of the other tests.
struct Restored {
  ~Restored() { setUpLog({}); }
};

std::string textOf(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void waitForLine(const fs::path& file, const std::string& text) {
  test::waitFor(text + " is in " + file.string(), [&] { return textOf(file).find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("an access line in the Combined Log Format") {
  const Time moment{std::chrono::milliseconds{1'800'000'000'123}};
  AccessLine line{.operation = "videos.open",
                  .method = "GET",
                  .path = "/videos/1?sig=secret",
                  .status = 206,
                  .bytes = 99,
                  .address = "2001:db8::7",
                  .user = "ada",
                  .agent = "a \"b\"\\\x1b\n\xff"};
  CHECK(
      formatCommon(line, moment) ==
      R"(2001:db8::7 - ada [15/Jan/2027:08:00:00 +0000] "GET /videos/1 HTTP/1.1" 206 99 "-" "a \x22b\x22\x5C\x1B\x0A\xFF")");
  line = {.method = "PROPFIND\"", .path = "/a\"b", .status = 405, .minorVersion = 0};
  CHECK(formatCommon(line, moment) ==
        R"(- - - [15/Jan/2027:08:00:00 +0000] "PROPFIND\x22 /a\x22b HTTP/1.0" 405 0 "-" "-")");
  CHECK(formatCommon({.status = 400}, moment) == R"(- - - [15/Jan/2027:08:00:00 +0000] "-" 400 0 "-" "-")");
}

TEST_CASE("access lines go to a file, which is opened again by its name") {
  const Restored restored;
  const TempDirectory folder;
  const fs::path file = folder / "access.log";
  setUpLog(accessIn(file));
  logAccess({.method = "GET", .path = "/one"});
  waitForLine(file, "path=/one");
  CHECK((fs::status(file).permissions() & fs::perms::others_all) == fs::perms::none);
  fs::rename(file, folder / "access.log.1");
  logAccess({.method = "GET", .path = "/two"});
  waitForLine(folder / "access.log.1", "path=/two");
  CHECK_FALSE(fs::exists(file));
  REQUIRE(reopenLog());
  LogOptions options = accessIn(file);
  options.accessFormat = AccessFormat::common;
  setUpLog(options);
  logAccess({.method = "GET", .path = "/three", .status = 200});
  waitForLine(file, "\"GET /three HTTP/1.1\" 200");
  CHECK(textOf(folder / "access.log.1").find("/three") == std::string::npos);
  options.accessFormat = AccessFormat::json;
  setUpLog(options);
  logAccess({.method = "GET", .path = "/four"});
  waitForLine(file, R"("path":"/four")");
  setUpLog({LogLevel::off, LogFormat::logfmt, false});
  CHECK_FALSE(reopenLog());
}

TEST_CASE("what is no file for access lines is refused, and changes nothing") {
  const Restored restored;
  const TempDirectory folder;
  const fs::path file = folder / "access.log";
  setUpLog(accessIn(file));
  for (const fs::path& bad : {folder.path(), folder / "none" / "access.log", fs::path("/dev/null")}) {
    INFO(bad);
    CHECK(faultOf([&] { setUpLog(accessIn(bad)); }) == Fault::malformed);
  }
  fs::remove(file);
  fs::create_directory(file);
  CHECK(faultOf([&] { reopenLog(); }) == Fault::malformed);
  fs::remove(file);
  REQUIRE(reopenLog());
  logAccess({.method = "GET", .path = "/still"});
  waitForLine(file, "path=/still");
}

TEST_CASE("a FIFO for access lines may have no reader, get one, and lose it") {
  const Restored restored;
  ::signal(SIGPIPE, SIG_IGN);
  const TempDirectory folder;
  const fs::path fifo = folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const std::uint64_t before = droppedLogLines();
  setUpLog(accessIn(fifo));
  logAccess({.path = "/nobody"});
  test::waitFor("the line is dropped", [&] { return droppedLogLines() == before + 1; });
  for (int round = 0; round < 2; ++round) {
    Descriptor reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    REQUIRE(reader);
    std::string text;
    logAccess({.path = "/somebody"});
    test::waitFor("the line arrives", [&] {
      char piece[512];
      const ssize_t got = ::read(reader.number(), piece, sizeof piece);
      if (got > 0) text.append(piece, static_cast<std::size_t>(got));
      return text.ends_with('\n');
    });
    CHECK(text.find("path=/somebody") != std::string::npos);
    CHECK(text.find("/nobody") == std::string::npos);
    reader.reset();
    const std::uint64_t dropped = droppedLogLines();
    logAccess({.path = "/nobody"});
    test::waitFor("the line is dropped", [&] { return droppedLogLines() == dropped + 1; });
  }
}

TEST_CASE("a full disk costs access lines, and every line after it is whole") {
  const Restored restored;
  const SmallDisk disk("1m");
  if (!disk.isMounted()) return;
  const fs::path file = disk / "access.log";
  const fs::path filler = disk / "filler";
  std::ofstream(filler) << std::string(900'000, 'x');
  setUpLog(accessIn(file));
  const std::uint64_t before = droppedLogLines();
  const std::string agent(200, 'a');
  for (int i = 0; i < 1000; ++i) logAccess({.method = "GET", .path = "/x", .agent = agent});
  test::waitFor("lines are dropped", [&] { return droppedLogLines() > before; });
  fs::remove(filler);
  logAccess({.method = "GET", .path = "/last", .agent = agent});
  waitForLine(file, "path=/last");
  setUpLog({LogLevel::off, LogFormat::logfmt, false});
  std::istringstream in(textOf(file));
  int torn = 0;
  for (std::string line; std::getline(in, line);)
    if (!(line.starts_with("time=") && line.ends_with("agent=" + agent))) ++torn;
  CHECK(torn <= 1);  // the one at which the disk was full ends where it did
}

TEST_CASE("errors are counted and told, whatever the level of the log") {
  const Restored restored;
  setUpLog({LogLevel::off, LogFormat::logfmt, false});
  std::string told;
  setErrorObserver([&](std::string_view message, const std::vector<LogField>& fields) {
    told += std::string(message) + ':';
    for (const LogField& field : fields) told += std::string(field.name) + '=' + field.value + ';';
  });
  const std::uint64_t before = loggedErrors();
  error("it broke", {{"op", "x.y"}, {"count", 3}});
  warning("not this");
  setErrorObserver({});
  error("nobody listens");
  CHECK(told == "it broke:op=x.y;count=3;");
  CHECK(loggedErrors() == before + 2);
}
