// The sandbox for programs that read untrusted files.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "bait.hpp"
#include "catch.hpp"
#include "os/sandbox.hpp"
#include "processes/no_landlock.hpp"
#include "temp.hpp"
#include "wait.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace {

std::string printedBy(const os::SandboxedProgram& program) {
  os::SandboxedChild child(program);
  while (!child.wait(100ms)) {
  }
  INFO(child.failure());
  CHECK(child.failure().empty());
  return child.printed();
}

std::string printedByScript(const std::string& script) {
  return printedBy({.command = {"/bin/bash", "-c", script}});
}

std::string failureOf(const os::SandboxedProgram& program) {
  os::SandboxedChild child(program);
  while (!child.wait(100ms)) {
  }
  return child.failure();
}

std::string textOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

Descriptor openAt(const std::filesystem::path& file, int flags = O_RDONLY) {
  Descriptor opened(::open(file.c_str(), flags | O_CLOEXEC, 0600));
  REQUIRE(opened);
  return opened;
}

}  // namespace

TEST_CASE("a sandboxed program reads its input and the system's files, and what it prints is collected") {
  const TempDirectory folder;
  std::ofstream(folder / "input") << "the input";
  const Descriptor input = openAt(folder / "input");
  CHECK(printedBy({.command = {"/bin/cat", "/proc/self/fd/3"}, .input = input.number()}) == "the input");
  CHECK(printedByScript("read -r line < /usr/share/doc/bash/copyright; echo ok; echo \"${line:+text}\"") ==
        "ok\ntext\n");
  CHECK(printedByScript("read -r line; echo \"nothing$line\"") == "nothing\n");
}

TEST_CASE("a sandboxed program cannot reach other processes, nor empty its input") {
  const TempDirectory folder;
  std::ofstream(folder / "output");
  const Descriptor output = openAt(folder / "output", O_RDWR);
  // Perl can make any system call. Its script is the input; it prints the number of the error.
  const auto errorOf = [&](const std::string& call) {
    const std::string script = "print syscall(" + call + ") < 0 ? $!+0 : 'done'";
    std::ofstream(folder / "input") << script;
    const Descriptor input = openAt(folder / "input");
    std::string error = printedBy(
        {.command = {"/usr/bin/perl", "/proc/self/fd/3"}, .input = input.number(), .output = output.number()});
    CHECK(textOf(folder / "input") == script);
    return error;
  };
  const std::string refused = std::to_string(EPERM);
  const auto number = [](long call) { return std::to_string(call) + ", "; };
  CHECK(errorOf(std::to_string(SYS_getppid)) == "done");             // the probe is sound
  CHECK(errorOf(number(SYS_fcntl) + "1, 8, getppid()") == refused);  // F_SETOWN
  CHECK(errorOf(number(SYS_fcntl) + "1, 4, 8192") == refused);       // F_SETFL O_ASYNC
  CHECK(errorOf(number(SYS_fcntl) + "3, 1024, 0") == refused);       // F_SETLEASE
  CHECK(errorOf(number(SYS_prlimit64) + "getppid(), 0, 0, $b = ' ' x 16") == refused);
  CHECK(errorOf(number(SYS_prctl) + "1, 0") == refused);  // PR_SET_PDEATHSIG
  // Landlock, too, refuses this from Linux 6.2 on, with EACCES.
  CHECK(errorOf(number(SYS_openat) + "-100, $n = '/proc/self/fd/3', 512") == refused);  // O_RDONLY | O_TRUNC
}

TEST_CASE("a sandboxed program opens no socket, writes no file, and starts no process") {
  const TempDirectory folder;
  const test::Bait bait;
  const std::string file = (folder / "file").string();
  std::ofstream(file) << "before";
  // The same outside of the sandbox works: the probes are sound.
  REQUIRE(::system(("bash -c 'exec 5<>/dev/tcp/127.0.0.1/" + bait.port() + "'").c_str()) == 0);
  REQUIRE(bait.taken());

  CHECK(printedByScript("exec 5<>/dev/tcp/127.0.0.1/" + bait.port() + " && echo done; echo end").find("done") ==
        std::string::npos);
  CHECK_FALSE(bait.taken());
  for (const std::string& path : {file, (folder / "new").string(), std::string("/tmp/videod-sandbox")}) {
    CHECK(printedByScript("echo x > " + path + " && echo done; echo end") == "end\n");
    CHECK(printedByScript("echo x >> " + path + " && echo done; echo end") == "end\n");
  }
  CHECK(textOf(file) == "before");
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
  if (os::hasLandlock()) CHECK(printedByScript("read -r line < " + file + "; echo \"nothing$line\"") == "nothing\n");
  CHECK(failureOf({.command = {"/bin/bash", "-c", "/bin/true & wait"}}).find("fork") != std::string::npos);
  CHECK(failureOf({.command = {"/bin/bash", "-c", "kill -9 " + std::to_string(::getpid())}}) != "");
}

TEST_CASE("a sandboxed program inherits no files but its own, no environment, and no folder") {
  const TempDirectory folder;
  std::ofstream(folder / "input") << "the input";
  const Descriptor input = openAt(folder / "input");
  const Descriptor output = openAt(folder / "output", O_RDWR | O_CREAT);
  // Not marked to be closed, as those that a library opens or the daemon inherited.
  const Descriptor secret(::fcntl(input.number(), F_DUPFD, 20));
  REQUIRE(secret);
  REQUIRE(::setenv("VIDEO_SECRET", "key", 1) == 0);
  const std::string files = "for ((i = 0; i < 1000; ++i)); do [[ -e /proc/self/fd/$i ]] && echo -n \"$i \"; done; echo";
  CHECK(printedBy({.command = {"/bin/bash", "-c", files}, .input = input.number(), .output = output.number()}) ==
        "0 1 2 3 4 \n");
  CHECK(printedBy({.command = {"/bin/bash", "-c", files}, .input = input.number()}) == "0 1 2 3 \n");
  CHECK(printedByScript("[[ $0 == /bin/bash ]] && echo \"${VIDEO_SECRET-none} $PWD ${HOME-none}\"") == "none / none\n");
  REQUIRE(::unsetenv("VIDEO_SECRET") == 0);
}

TEST_CASE("without Landlock, a sandboxed program opens no socket and writes no file but its output") {
  const TempDirectory folder;
  const test::Bait bait;
  const std::string file = (folder / "file").string();
  std::ofstream(file) << "before";
  const Descriptor output = openAt(folder / "output", O_RDWR | O_CREAT);
  CHECK(withoutLandlock([&] {
    const std::string script = "echo out >&4; for file in " + file + " " + (folder / "new").string() +
                               " /proc/self/fd/4 /proc/self/fd/3; do echo x > $file && echo \"wrote $file\"; echo x >> "
                               "$file && echo \"wrote $file\"; done; exec 5<>/dev/tcp/127.0.0.1/" +
                               bait.port() + " && echo connected; echo end";
    const Descriptor input = openAt(file);
    os::SandboxedProgram program{
        .command = {"/bin/bash", "-c", script}, .input = input.number(), .output = output.number()};
    program.limits.fileSize = 1000;
    return !os::hasLandlock() && printedBy(program) == "end\n";
  }));
  CHECK(textOf(folder / "output") == "out\n");
  CHECK(textOf(file) == "before");
  CHECK_FALSE(std::filesystem::exists(folder / "new"));
  CHECK_FALSE(bait.taken());
}

TEST_CASE("a sandboxed program writes its output file, up to the limit, and no other") {
  if (!os::hasLandlock()) return;
  const TempDirectory folder;
  const Descriptor output = openAt(folder / "output", O_RDWR | O_CREAT);
  os::SandboxedProgram program{
      .command = {"/bin/bash", "-c", "echo out > /proc/self/fd/4; echo x > /tmp/other || true"},
      .output = output.number()};
  program.limits.fileSize = 4;
  CHECK(printedBy(program).empty());
  CHECK(textOf(folder / "output") == "out\n");
  CHECK_FALSE(std::filesystem::exists("/tmp/other"));
  program.command.back() = "echo longer > /proc/self/fd/4";
  CHECK(failureOf(program).find("wrote more than 4 bytes") != std::string::npos);
}

TEST_CASE("a sandboxed program that takes too long, prints too much or needs too much memory fails") {
  os::SandboxedProgram spins{.command = {"/bin/bash", "-c", "while :; do :; done"}};
  spins.limits.processor = 1s;
  CHECK(failureOf(spins).find("1 s of processor time") != std::string::npos);
  os::SandboxedProgram waits{.command = {"/bin/sleep", "1000"}};
  waits.limits.time = 10ms;
  {
    os::SandboxedChild child(waits);
    while (!child.wait(100ms)) {
    }
    CHECK(child.failure().find("took longer") != std::string::npos);
    CHECK(child.wasStarved());
  }
  os::SandboxedProgram prints{.command = {"/bin/bash", "-c", "while :; do echo more; done"}};
  prints.limits.printed = 1000;
  {
    os::SandboxedChild child(prints);
    while (!child.wait(100ms)) {
    }
    CHECK(child.failure().find("printed more than 1000 bytes") != std::string::npos);
    CHECK(child.printed().size() == 1000);
  }
  os::SandboxedProgram grows{.command = {"/bin/bash", "-c", "x=x; while :; do x=$x$x; done"}};
  grows.limits.memory = 100 << 20;
  CHECK(failureOf(grows) != "");
  os::SandboxedChild none({.command = {"/nowhere/program"}});
  while (!none.wait(100ms)) {
  }
  CHECK(none.failure().find("sandbox: execve") != std::string::npos);
  CHECK(none.isNotStarted());
}

TEST_CASE(
    "a sandboxed program has no privileges and the lowest priority, and is killed with the object or the thread that "
    "started it") {
  pid_t child = 0;
  const auto start = [&](os::SandboxedChild& one) {
    while (one.printed().find('\n') == std::string::npos) one.wait(10ms);
    child = std::stoi(one.printed());
  };
  os::SandboxedProgram program{.command = {"/bin/bash", "-c", "echo $$; exec /bin/sleep 1000"}};
  {
    os::SandboxedChild one(program);
    start(one);
    CHECK(::kill(child, 0) == 0);
    const std::string status = textOf("/proc/" + std::to_string(child) + "/status");
    for (const char* line : {"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapPrm:\t0000000000000000\n"})
      CHECK(status.find(line) != std::string::npos);
    CHECK(textOf("/proc/" + std::to_string(child) + "/oom_score_adj") == "1000\n");
    CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(child)) == 19);
    if (::geteuid() == 0) CHECK(::sched_getscheduler(child) == SCHED_IDLE);  // others need RLIMIT_NICE
    CHECK(::getpgid(child) == child);
  }
  CHECK(::kill(child, 0) != 0);
  std::unique_ptr<os::SandboxedChild> other;
  std::jthread([&] {
    other = std::make_unique<os::SandboxedChild>(program);
    start(*other);
  }).join();
  test::waitFor("the child has been killed", [&] { return other->wait(10ms); });
  CHECK(other->failure() != "");
}

TEST_CASE("a sandboxed program that gets next to no processor time no longer waits for an idle core") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  os::SandboxedProgram program{.command = {"/bin/bash", "-c", "echo $$; exec /bin/sleep 1000"}};
  program.limits.patience = 50ms;
  os::SandboxedChild one(program);
  test::waitFor("it runs", [&] { return one.wait(10ms) || one.printed().find('\n') != std::string::npos; });
  const pid_t child = std::stoi(one.printed());
  test::waitFor("it competes", [&] { return one.wait(10ms) || ::sched_getscheduler(child) == SCHED_OTHER; });
  CHECK(::getpriority(PRIO_PROCESS, static_cast<id_t>(child)) == 19);
}

TEST_CASE("a sandboxed program that is killed no longer waits for an idle core") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  auto one = std::make_unique<os::SandboxedChild>(
      os::SandboxedProgram{.command = {"/bin/bash", "-c", "echo $$; exec /bin/sleep 1000"}});
  test::waitFor("it runs", [&] { return one->wait(10ms) || one->printed().find('\n') != std::string::npos; });
  const pid_t child = std::stoi(one->printed());
  int ready[2];
  REQUIRE(::pipe2(ready, O_CLOEXEC) == 0);
  // Another process looks at it while it ends; in this one, the wait for the child would see the stop.
  const pid_t looker = ::fork();
  if (looker == 0) {
    if (::ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT) != 0 || ::write(ready[1], "x", 1) != 1) ::_exit(2);
    int status = 0;
    if (::waitpid(child, &status, __WALL) != child || status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXIT << 8))) ::_exit(3);
    ::_exit(::sched_getscheduler(child) == SCHED_OTHER ? 0 : 1);
  }
  REQUIRE(looker > 0);
  ::close(ready[1]);
  char got = 0;
  CHECK(::read(ready[0], &got, 1) == 1);
  ::close(ready[0]);
  one.reset();
  int status = -1;
  REQUIRE(::waitpid(looker, &status, 0) == looker);
  CHECK(status == 0);
}
