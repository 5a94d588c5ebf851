// Compares purging deleted videos with `find -delete` of the same files plus one commit per batch, and measures how
// long other writers wait meanwhile.
//   drain [FOLDER] [RECORDS] [BATCH] [WORKERS]
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "../queue.hpp"
#include "observe/log.hpp"
#include "toolkit/toolkit.hpp"

namespace {

using namespace video;
namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

double millisecondsSince(SteadyClock::time_point began) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - began).count();
}

store::StoreOptions plain() {
  store::StoreOptions options;
  options.freeSpaceFloor = 0;
  return options;
}

void touch(store::Database& database) {
  database.write(store::Purpose::keep, [](store::Transaction& one) {
    one.query("UPDATE users SET bytes_quota_own = ifnull(bytes_quota_own, 0) + 1 WHERE id = 1").run();
  });
}

std::string percentiles(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return fmt::format("{} writes, p50 {:.2f} ms, p99 {:.2f} ms, worst {:.2f} ms", times.size(), times[times.size() / 2],
                     times[times.size() * 99 / 100], times.back());
}

// Starts a process that writes every 2 ms until a byte arrives on `stop`.
pid_t startWriter(const fs::path& data, int stop, const char* what) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  {
    store::Database database(store::DataDirectory::open(data, store::Hold::shared), plain());
    std::vector<double> times;
    char byte = 0;
    while (::read(stop, &byte, 1) < 0) {
      const auto began = SteadyClock::now();
      touch(database);
      times.push_back(millisecondsSince(began));
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    fmt::print("another process, {}: {}\n", what, percentiles(std::move(times)));
    std::fflush(stdout);
  }
  ::_exit(0);
}

void beside(const fs::path& data, const char* what, const std::function<void()>& work) {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK) != 0) std::abort();
  std::fflush(stdout);
  const pid_t writer = startWriter(data, ends[0], what);
  work();
  if (::write(ends[1], "x", 1) != 1) std::abort();
  ::waitpid(writer, nullptr, 0);
}

}  // namespace

int main(int count, char** arguments) {
  const auto number = [&](int at, std::size_t otherwise) {
    return count > at ? static_cast<std::size_t>(std::atoll(arguments[at])) : otherwise;
  };
  std::string pattern = ((count > 1 ? fs::path(arguments[1]) : fs::temp_directory_path()) / "bench-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path home = pattern;
  const std::size_t records = number(2, 100'000);
  Settings settings;
  settings.dataDirectory = home / "data";
  settings.store = plain();
  settings.deletions.batch = number(3, settings.deletions.batch);
  settings.deletions.workers = number(4, settings.deletions.workers);
  observe::setUpLog({observe::LogLevel::error, observe::LogFormat::logfmt, false});
  fillQueue(settings.dataDirectory, {.deleted = records, .bytes = 4096});
  fs::copy(settings.dataDirectory / "blobs", home / "same", fs::copy_options::recursive);
  ::sync();

  auto began = SteadyClock::now();
  const std::string find = fmt::format("find '{}' -delete", (home / "same").string());
  if (std::system(find.c_str()) != 0) return 1;
  const double found = millisecondsSince(began);

  constexpr int samples = 300;
  {
    store::Database database(store::DataDirectory::open(settings.dataDirectory, store::Hold::shared), plain());
    touch(database);
    began = SteadyClock::now();
    for (int i = 0; i < samples; ++i) touch(database);
  }
  const double commit = millisecondsSince(began) / samples;
  const std::size_t batches = (records + settings.deletions.batch - 1) / settings.deletions.batch;
  const double reference = found + commit * static_cast<double>(batches);
  fmt::print("{} records, batch {}, {} workers\n", records, settings.deletions.batch, settings.deletions.workers);
  fmt::print("find -delete {:.0f} ms, one commit {:.3f} ms; with {} commits {:.0f} ms: {:.0f} records/s\n", found,
             commit, batches, reference, static_cast<double>(records) / reference * 1000);
  beside(settings.dataDirectory, "idle", [] { std::this_thread::sleep_for(std::chrono::seconds{2}); });

  const auto drain = [&] {
    const auto toolkit = openLocal(settings, "the benchmark");
    began = SteadyClock::now();
    toolkit->deletions().drain(Operator{}, {true});
  };
  const bool alone = std::getenv("ALONE") != nullptr;
  if (alone)
    drain();
  else
    beside(settings.dataDirectory, "during the drain", drain);
  const double took = millisecondsSince(began);
  fmt::print("drain {}: {:.0f} ms, {:.0f} records/s, {:.2f} of the reference's rate\n",
             alone ? "alone" : "with the writer", took, static_cast<double>(records) / took * 1000, reference / took);
  fs::remove_all(home);
}
