#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/ids.hpp"
#include "os/descriptor.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"

// Measures the store. The first argument is the folder to work in (default: the temporary folder).
namespace {

using namespace video;
using namespace video::store;
using SteadyClock = std::chrono::steady_clock;

double processorSeconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double secondsSince(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

StoreOptions plain() {
  StoreOptions options;
  options.freeSpaceFloor = 0;
  return options;
}

void insert(Database& database, const std::string& name) {
  database.write(Purpose::grow, [&](Transaction& one) {
    one.query("INSERT INTO blob_del_rec (blob, create_time) VALUES (?, ?)", name, 1).run();
  });
}

double rowsPerSecond(const std::filesystem::path& path, int writers) {
  Database database(DataDirectory::open(path, Hold::shared), plain());
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> rows = 0;
  const auto began = SteadyClock::now();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < writers; ++t)
      threads.emplace_back([&] {
        while (!stop) {
          insert(database, makeUuid7(systemClock().now()));
          ++rows;
        }
      });
    std::this_thread::sleep_for(std::chrono::seconds{2});
    stop = true;
  }
  const WriterCounters counters = database.counters();
  const double rate = static_cast<double>(rows) / secondsSince(began);
  fmt::print("{:>3} writers: {:>8.0f} rows/s, {:.1f} rows per commit\n", writers, rate,
             static_cast<double>(counters.operations) / static_cast<double>(counters.commits));
  return rate;
}

void besideBusy(const std::filesystem::path& path) {
  const pid_t busy = ::fork();
  if (busy == 0) {
    Database database(DataDirectory::open(path, Hold::shared), plain());
    const auto began = SteadyClock::now();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 32; ++t)
      threads.emplace_back([&] {
        while (secondsSince(began) < 4) insert(database, makeUuid7(systemClock().now()));
      });
    threads.clear();
    ::_exit(0);
  }
  std::vector<double> times;
  {
    Database database(DataDirectory::open(path, Hold::shared), plain());
    std::this_thread::sleep_for(std::chrono::seconds{1});
    const auto began = SteadyClock::now();
    while (secondsSince(began) < 2) {
      const auto asked = SteadyClock::now();
      insert(database, "beside" + makeUuid7(systemClock().now()));
      times.push_back(secondsSince(asked) * 1e3);
    }
  }
  ::waitpid(busy, nullptr, 0);
  std::sort(times.begin(), times.end());
  fmt::print("second process next to 32 busy writers: {} writes, p50 {:.2f} ms, p99 {:.2f} ms, worst {:.2f} ms\n",
             times.size(), times[times.size() / 2], times[times.size() * 99 / 100], times.back());
}

void reads(const std::filesystem::path& path) {
  Database database(DataDirectory::open(path, Hold::shared), plain());
  constexpr int users = 1000;
  database.write(Purpose::grow, [](Transaction& one) {
    for (int i = 0; i < users; ++i)
      one.query("INSERT INTO users (login_name, pwd, create_time) VALUES (?, '', ?)", fmt::format("user{}", i), i)
          .run();
  });
  const auto addMetrics = [&](const char* what, int threads, const std::function<void(int)>& work) {
    constexpr int rounds = 200'000;
    const double used = processorSeconds();
    const auto began = SteadyClock::now();
    {
      std::vector<std::jthread> running;
      for (int t = 0; t < threads; ++t)
        running.emplace_back([&] {
          for (int i = 0; i < rounds; ++i) work(i);
        });
    }
    fmt::print("{}, {} threads: {:.2f} us, {:.2f} us of processor\n", what, threads, secondsSince(began) * 1e6 / rounds,
               (processorSeconds() - used) * 1e6 / rounds / threads);
  };
  std::vector<std::string> names;
  for (int i = 0; i < users; ++i) names.push_back(fmt::format("user{}", i));
  const auto point = [&](int i) {
    database.read([&](Reader& reader) {
      Query query = reader.query(
          "SELECT id, login_name, role, disabled, create_time FROM users WHERE login_name = ? AND deleted IS NULL",
          names[static_cast<std::size_t>(i % users)]);
      if (!query.next() || query.text(1).empty()) std::abort();
    });
  };
  addMetrics("point query by name", 1, point);
  addMetrics("point query by name", 2, point);
  addMetrics("point query by id", 1, [&](int i) {
    database.read([&](Reader& reader) {
      Query query = reader.query("SELECT login_name FROM users WHERE id = ?", i % users + 1);
      if (!query.next() || query.text(0).empty()) std::abort();
    });
  });
  addMetrics("lease alone", 1, [&](int) { database.read([](Reader&) {}); });
}

void upload(const std::filesystem::path& path, std::uint64_t size) {
  Blobs blobs(DataDirectory::open(path, Hold::shared));
  std::vector<std::byte> piece(64 * 1024, std::byte{7});
  const auto began = SteadyClock::now();
  double finishing = 0;
  {
    Incoming incoming = blobs.begin("bench");
    for (std::uint64_t at = 0; at < size; at += piece.size()) incoming.write(piece);
    const auto last = SteadyClock::now();
    incoming.finish("bin");
    finishing = secondsSince(last);
  }
  const double took = secondsSince(began);
  const auto plainBegan = SteadyClock::now();
  const auto plainPath = path / "plain";
  {
    const Descriptor file(::open(plainPath.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    for (std::uint64_t at = 0; at < size; at += piece.size())
      if (::write(file.number(), piece.data(), piece.size()) < 0) std::abort();
    ::fsync(file.number());
  }
  const double plainTook = secondsSince(plainBegan);
  std::filesystem::remove(plainPath);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double mib = static_cast<double>(size) / (1 << 20);
  fmt::print(
      "upload of {:.0f} MiB: {:.0f} MiB/s ({:.2f} s of it in the last sync); write and fsync alone {:.0f} MiB/s; "
      "peak RSS {} MiB\n",
      mib, mib / took, finishing, mib / plainTook, usage.ru_maxrss / 1024);
}

}  // namespace

int main(int count, char** arguments) {
  std::string pattern =
      ((count > 1 ? std::filesystem::path(arguments[1]) : std::filesystem::temp_directory_path()) / "bench-XXXXXX")
          .string();
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  const std::filesystem::path path = pattern;
  DataDirectory::create(path / "data");
  besideBusy(path / "data");
  const double single = rowsPerSecond(path / "data", 1);
  const double many = rowsPerSecond(path / "data", 32);
  fmt::print("group commit: {:.1f} times the rate of single commits\n", many / single);
  reads(path / "data");
  upload(path / "data", 1ULL << 30);
  std::filesystem::remove_all(path);
}
