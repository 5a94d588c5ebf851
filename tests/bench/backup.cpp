#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "os/priority.hpp"
#include "store/backup_writer.hpp"
#include "store/blobs.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"

// Measures how long writes take while a backup runs, compared with a quiet site: one write every 2 ms, always to the
// same rows, and none before what was written earlier has reached the disk. Arguments: the folder to work in (default:
// the temporary folder), the MiB of the contents (default: 1024), and those of the database, about (default: 100).
namespace {

using namespace video;
using namespace video::store;
using SteadyClock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t contentSize = 4U << 20;
constexpr int rowsPerMebibyte = 3000;
constexpr int rowsWritten = 2000;
constexpr int rounds = 5;

int rowsInDatabase = 100 * rowsPerMebibyte;

void fill(Database& database, Blobs& blobs, int contents) {
  database.write(Purpose::grow, [](Transaction& one) {
    one.query("INSERT INTO users (id, login_name, pwd, create_time) VALUES (1, 'ada', 'x', 1)").run();
  });
  std::string bytes(contentSize, '\0');
  for (int i = 0; i < contents; ++i) {
    for (std::size_t at = 0; at < bytes.size(); at += 8)
      bytes.replace(at, 8, fmt::format("{:08x}", i * 7919 + static_cast<int>(at)));
    const std::string id = fmt::format("{:08}", i);
    Incoming incoming = blobs.begin(id);
    incoming.write(std::as_bytes(std::span(bytes)));
    const std::string blob = incoming.finish("mp4");
    const std::string sha256 = incoming.sha256();
    database.write(Purpose::grow, [&](Transaction& one) {
      one.query(
             "INSERT INTO video_info (id, author_id, name, state, display_ctime, create_time, size, sha256, blob) "
             "VALUES "
             "(?, 1, 'x', 'ready', '', 1, ?, ?, ?)",
             id, static_cast<std::int64_t>(contentSize), sha256, blob)
          .run();
      incoming.keep();
    });
  }
  const std::string large(200, 'x');
  for (int i = 0; i < rowsInDatabase; i += 1000)
    database.write(Purpose::grow, [&](Transaction& one) {
      for (int row = i; row < i + 1000; ++row)
        one.query("INSERT INTO blob_del_rec (blob, due) VALUES (?, 9000000000000000)", fmt::format("{}-{}", row, large))
            .run();
    });
}

// The latencies of writes until `stop`, in ms, ascending.
std::vector<double> latencies(Database& database, const std::atomic<bool>& stop) {
  std::vector<double> all;
  auto next = SteadyClock::now();
  for (int i = 0; !stop; ++i) {
    const auto began = SteadyClock::now();
    database.write(Purpose::keep, [&](Transaction& one) {
      one.query("UPDATE blob_del_rec SET tries = ? WHERE blob = (SELECT min(blob) FROM blob_del_rec WHERE blob > ?)", i,
                fmt::format("{}", i % rowsWritten))
          .run();
    });
    all.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - began).count());
    std::this_thread::sleep_until(next += std::chrono::milliseconds{2});
  }
  std::sort(all.begin(), all.end());
  return all;
}

double percentile(const std::vector<double>& sorted, double part) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

std::vector<double> during(Database& database, const std::function<void()>& work) {
  std::atomic<bool> stop = false;
  std::vector<double> all;
  std::jthread writer([&] { all = latencies(database, stop); });
  work();
  stop = true;
  writer.join();
  return all;
}

}  // namespace

int main(int count, char** arguments) {
  const fs::path folder = (count > 1 ? fs::path(arguments[1]) : fs::temp_directory_path()) / "bench-backup";
  const int contents = (count > 2 ? std::atoi(arguments[2]) : 1024) / static_cast<int>(contentSize >> 20);
  if (count > 3) rowsInDatabase = std::max(std::atoi(arguments[3]), 1) * rowsPerMebibyte;
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    DataDirectory::create(folder / "data");
    const auto directory = DataDirectory::open(folder / "data", Hold::shared);
    StoreOptions options;
    options.freeSpaceFloor = 0;
    Database database(directory, options);
    Blobs blobs(directory);
    fill(database, blobs, contents);
    std::vector<double> ratios;
    for (int round = 0; round <= rounds; ++round) {
      ::sync();
      std::this_thread::sleep_for(std::chrono::seconds{3});
      const auto quiet = during(database, [] { std::this_thread::sleep_for(std::chrono::seconds{5}); });
      double seconds = 0;
      const auto busy = during(database, [&] {
        std::jthread([&] {
          os::lowerPriority(os::lowest, true);
          const auto began = SteadyClock::now();
          // Each in a folder of its own, so that it shares nothing with an earlier one.
          const fs::path sets = folder / fmt::format("sets-{}", round);
          fs::create_directory(sets);
          BackupFolder set(os::systemFiles(), sets / "set");
          const auto sink = makeFolderSink(set);
          BackupWriter writer(*directory, *sink, systemClock(), std::chrono::seconds{1}, [](std::uint64_t) {});
          while (writer.step()) continue;
          seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
        }).join();
      });
      if (round == 0) continue;  // it reads what the others find in memory
      const double before = percentile(quiet, 0.99);
      const double beside = percentile(busy, 0.99);
      fmt::print("p99 of a write {:.2f} ms quiet, {:.2f} ms beside a backup of {} MiB in {:.1f} s: {:.2f} times\n",
                 before, beside, contents * static_cast<int>(contentSize >> 20), seconds, beside / before);
      ratios.push_back(beside / before);
    }
    std::sort(ratios.begin(), ratios.end());
    fmt::print("median {:.2f} times\n", ratios[rounds / 2]);
  }
  fs::remove_all(folder);
  return 0;
}
