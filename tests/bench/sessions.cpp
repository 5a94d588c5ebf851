// Measures loading sessions at start, and looking one up among 100,000.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <new>
#include <random>

#include "access/access.hpp"
#include "sessions/rows.hpp"
#include "store/database.hpp"
#include "store/directory.hpp"
#include "temp.hpp"

using namespace video;

namespace {

using SteadyClock = std::chrono::steady_clock;

std::atomic<std::uint64_t> allocations = 0;

// Wall time and this thread's processor time, in seconds; they are equal on an idle machine.
struct Took {
  double clock = 1e9;
  double processor = 1e9;
};

Took timed(const std::function<void()>& work) {
  const auto processor = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double before = processor();
  const auto start = SteadyClock::now();
  work();
  return {std::chrono::duration<double>(SteadyClock::now() - start).count(), processor() - before};
}

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

int main() {
  constexpr int users = 10'000;
  constexpr int sessionsEach = 10;
  const TempDirectory folder;
  store::DataDirectory::create(folder / "data");
  store::StoreOptions options;
  options.synchronous = store::Synchronous::normal;
  options.freeSpaceFloor = 0;
  store::Database database(store::DataDirectory::open(folder / "data", store::Hold::shared), options);
  std::vector<std::string> secrets;
  {
    access::Access access(database, {}, systemClock());
    for (int user = 0; user < users; ++user)
      database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
        const std::string name = fmt::format("user-{}", user);
        store::Query inserted =
            transaction.query("INSERT INTO users (login_name, pwd, create_time) VALUES (?, '', 0) RETURNING id", name);
        inserted.next();
        const UserId id{inserted.integer(0)};
        inserted.next();  // runs the statement to its end
        for (int i = 0; i < sessionsEach; ++i) {
          const access::NewSecret secret = access::makeSessionSecret();
          rows::addSession(transaction, secret.hash, id, name, access.now(), access.options().newSessionTtl());
          secrets.push_back(secret.text);
        }
      });
  }
  std::shuffle(secrets.begin(), secrets.end(), std::mt19937(1));

  access::AccessOptions cached;
  cached.sessionCache = 2 * secrets.size();  // because shards fill unevenly
  Took best;
  for (int round = 0; round < 5; ++round) {
    access::Access access(database, cached, systemClock());
    std::size_t loaded = 0;
    const Took took = timed([&] { loaded = access.load(); });
    best = {std::min(best.clock, took.clock), std::min(best.processor, took.processor)};
    if (loaded != secrets.size()) return 1;
  }
  fmt::print("load of {} sessions of {} users: {:.1f} ms, {:.1f} ms of processor time (best of 5)\n", secrets.size(),
             users, best.clock * 1e3, best.processor * 1e3);

  for (const std::size_t count : {std::size_t{100}, secrets.size()}) {
    access::Access access(database, cached, systemClock());
    access.load();
    std::vector<Credential> asking;
    for (std::size_t i = 0; i < count; ++i) asking.emplace_back(Secret{secrets[i], false});
    for (const Credential& by : asking) access.identify(by);
    constexpr std::size_t lookups = 1'000'000;
    const std::uint64_t before = allocations;
    std::size_t known = 0;
    const Took took = timed([&] {
      for (std::size_t i = 0; i < lookups; ++i) known += access.identify(asking[i % count]).isUser() ? 1 : 0;
    });
    if (known != lookups) return 1;
    fmt::print("lookup among {} sessions, {} in use: {:.0f} ns, {:.0f} ns of processor time, {:.2f} allocations\n",
               secrets.size(), count, took.clock / lookups * 1e9, took.processor / lookups * 1e9,
               static_cast<double>(allocations - before) / lookups);
  }
}
