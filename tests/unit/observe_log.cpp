#include "observe/log.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.hpp"
#include "os/descriptor.hpp"

using namespace video;
using namespace video::observe;

namespace {

const Time moment{std::chrono::milliseconds{1'800'000'000'123}};

// Replaces stderr while in scope.
class Captured {
 public:
  Captured() : before_(::dup(STDERR_FILENO)) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    out_ = Descriptor(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[1]);
  }
  ~Captured() { release(); }

  // Waits for `count` lines.
  std::string lines(int count) {
    std::string text;
    char c = 0;
    while (count > 0 && ::read(out_.number(), &c, 1) == 1) {
      text += c;
      if (c == '\n') --count;
    }
    return text;
  }
  // Everything written, once nothing more can be.
  std::string rest() {
    release();
    std::string text;
    char c = 0;
    while (::read(out_.number(), &c, 1) == 1) text += c;
    return text;
  }

 private:
  void release() {
    if (before_) ::dup2(before_.number(), STDERR_FILENO);
    before_.reset();
  }
  Descriptor before_;
  Descriptor out_;
};

}  // namespace

TEST_CASE("a logfmt line quotes values that need quoting") {
  CHECK(formatLine(LogFormat::logfmt, false, moment, LogLevel::info, "listening", {{"address", "127.0.0.1:8000"}}) ==
        "time=2027-01-15T08:00:00.123Z level=info msg=listening address=127.0.0.1:8000");
  CHECK(formatLine(LogFormat::logfmt, true, moment, LogLevel::warning, "two words",
                   {{"empty", ""}, {"quote", "a\"b"}, {"pair", "x=y"}, {"count", 7}, {"yes", true}}) ==
        R"(<4>level=warning msg="two words" empty="" quote="a\"b" pair="x=y" count=7 yes=true)");
}

TEST_CASE("no value can start a new line") {
  const std::string nasty = "a\nlevel=error msg=forged\x1b[2J";
  const std::string line = formatLine(LogFormat::logfmt, false, moment, LogLevel::info, nasty, {{"x", nasty}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
  CHECK(formatLine(LogFormat::logfmt, true, moment, LogLevel::info, "m", {{"x", "\xff\xfe"}}) ==
        "<6>level=info msg=m x=\"??\"");
  CHECK(formatLine(LogFormat::logfmt, true, moment, LogLevel::info, "m", {{"x", "é"}}) ==
        "<6>level=info msg=m x=\"é\"");
}

TEST_CASE("a JSON line is an object") {
  const auto line = nlohmann::json::parse(formatLine(LogFormat::json, false, moment, LogLevel::error, "it \"broke\"",
                                                     {{"n", 3}, {"ms", 1.5}, {"text", "3"}, {"bad", "\xc3"}}));
  CHECK(line["time"] == "2027-01-15T08:00:00.123Z");
  CHECK(line["level"] == "error");
  CHECK(line["msg"] == "it \"broke\"");
  CHECK(line["n"] == 3);
  CHECK(line["ms"] == 1.5);
  CHECK(line["text"] == "3");
  CHECK(line["bad"] == "?");
}

TEST_CASE("only lines at or above the level are written") {
  Captured captured;
  setUpLog({LogLevel::warning, LogFormat::logfmt, false});
  info("not this");
  warning("this");
  logAccess({.operation = "users.add", .method = "POST", .path = "/user"});
  CHECK_FALSE(logsAccess());
  setUpLog({LogLevel::off, LogFormat::logfmt, false});
  error("nor this");
  log(LogLevel::off, "off is no level of a line");
  std::string text = captured.lines(1);
  text += captured.rest();
  CHECK(text.find("level=warning msg=this\n") != std::string::npos);
  CHECK(text.find("not this") == std::string::npos);
  CHECK(text.find("nor this") == std::string::npos);
  CHECK(text.find("users.add") == std::string::npos);
  CHECK(text.find("off is") == std::string::npos);
}

TEST_CASE("access lines are written soon, in order and without the query string") {
  Captured captured;
  setUpLog({LogLevel::info, LogFormat::logfmt, true});
  logAccess({.operation = "videos.open",
             .method = "GET",
             .path = "/videos/1?sig=secret",
             .status = 206,
             .bytes = 99,
             .took = std::chrono::microseconds{1500},
             .requestId = "r1",
             .address = "192.0.2.7",
             .user = "ada",
             .credential = "session:abc",
             .agent = "a \"b\"\x1b\n"});
  const std::string first = captured.lines(1);  // written by itself: no other line triggers it
  CHECK(
      first.find("level=info msg=request op=videos.open method=GET path=/videos/1 status=206 bytes=99 ms=1.5 "
                 "request_id=r1 address=192.0.2.7 user=ada credential=session:abc agent=\"a \\\"b\\\"\\u001b\\n\"\n") !=
      std::string::npos);
  CHECK(first.find("secret") == std::string::npos);
  logAccess({.path = "/before"});
  info("after");
  const std::string both = captured.lines(2);
  CHECK(both.find("path=/before") < both.find("msg=after"));
  setUpLog({});
}

TEST_CASE("the log keeps as much of a client's address as it is told to") {
  const char* const addresses[] = {"192.0.2.77",   "2001:db8:1:2:3::4", "::ffff:192.0.2.77",
                                   "fe80::1%eth0", "_hidden",           ""};
  const auto all = [&] {
    std::string shown;
    for (const char* const address : addresses) shown += loggedAddress(address) + ' ';
    return shown;
  };
  CHECK(all() == "192.0.2.77 2001:db8:1:2:3::4 ::ffff:192.0.2.77 fe80::1%eth0 _hidden  ");
  LogOptions options{LogLevel::info, LogFormat::logfmt, true, LogAddress::truncated};
  Captured captured;
  setUpLog(options);
  CHECK(all() == "192.0.2.0/24 2001:db8:1::/48 192.0.2.0/24 fe80::/48   ");
  logAccess({.path = "/", .address = "192.0.2.77"});
  CHECK(captured.lines(1).find(" address=192.0.2.0/24 ") != std::string::npos);
  options.address = LogAddress::none;
  setUpLog(options);
  CHECK(all() == "      ");
  logAccess({.path = "/", .address = "192.0.2.77"});
  CHECK(captured.lines(1).find(" address=\"\" ") != std::string::npos);
  setUpLog({});
}

TEST_CASE("a reader that stalls delays nobody, and is told later how many lines were dropped") {
  Captured captured;
  setUpLog({LogLevel::info, LogFormat::logfmt, true});
  const std::uint64_t before = droppedLogLines();
  constexpr int all = 20'000;  // some megabytes: more than a pipe and the queue hold
  for (int i = 0; i < all; ++i) logAccess({.method = "GET", .path = "/x", .agent = "end"});
  CHECK(droppedLogLines() > before);
  std::string text;
  const std::string said = "nobody read them in time\" lines=";
  std::jthread reader([&] {
    while (text.find(said) == std::string::npos) text += captured.lines(1);
  });
  reader.join();
  setUpLog({});
  const std::uint64_t dropped = droppedLogLines() - before;
  CHECK(std::stoull(text.substr(text.find(said) + said.size())) == dropped);
  std::uint64_t whole = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) whole += line.ends_with("agent=end") ? 1 : 0;
  CHECK(whole + dropped == all);
}

TEST_CASE("lines written by many threads stay intact") {
  Captured captured;
  setUpLog({LogLevel::info, LogFormat::logfmt, true});
  std::string text;
  {
    std::jthread reader([&] { text = captured.lines(400); });
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([] {
        for (int i = 0; i < 100; ++i) logAccess({.method = "GET", .path = "/x", .agent = "end"});
      });
  }
  setUpLog({});
  std::istringstream in(text);
  int whole = 0;
  for (std::string line; std::getline(in, line);)
    whole += line.starts_with("time=") && line.ends_with("agent=end") ? 1 : 0;
  CHECK(whole == 400);
}
