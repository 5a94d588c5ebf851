// How long exports are kept.
#include <atomic>
#include <string>
#include <vector>

#include "access/access.hpp"
#include "exports/make.hpp"
#include "store/blobs.hpp"
#include "store_scratch.hpp"
#include "users/rows.hpp"

using namespace video;
using namespace std::chrono_literals;

namespace {

class PassingClock : public Clock {
 public:
  Time now() const override { return Time{std::chrono::milliseconds{now_.load()}}; }
  void pass(std::chrono::milliseconds time) { now_ += time.count(); }

 private:
  std::atomic<std::int64_t> now_{1'800'000'000'000};
};

}  // namespace

TEST_CASE("an export is kept for a day, and one for each user") {
  const store::Scratch scratch;
  const auto directory = store::openAt(scratch.data());
  store::Database database(directory, store::small());
  store::Blobs blobs(directory);
  PassingClock clock;
  access::Access access(database, {}, clock);
  const auto exports = makeLocalExports(database, blobs, access, false);
  for (const char* const name : {"ada", "bob"})
    database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      NewUser user;
      user.name = name;
      return rows::insertUser(transaction, user, "", clock.now());
    });
  const auto isThere = [&](const Export& one) {
    return store::faultOf([&] { exports->open(Operator{}, {one.userName, one.id}); }) != Fault::notFound;
  };
  const Export first = exports->start(Operator{}, {"ada"});
  clock.pass(1h);
  const Export ofBob = exports->start(Operator{}, {"bob"});
  CHECK(first.state == ExportState::ready);
  clock.pass(23h - 1ms);
  exports->dropOld();
  CHECK(isThere(first));
  clock.pass(1ms);
  CHECK_FALSE(isThere(first));
  CHECK(isThere(ofBob));
  const Export second = exports->start(Operator{}, {"bob"});
  CHECK_FALSE(isThere(ofBob));
  CHECK(isThere(second));
  database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    rows::markUserDeleted(transaction, *rows::findUserId(transaction, "bob"), clock.now());
  });
  exports->dropOld();
  CHECK_FALSE(isThere(second));
}

TEST_CASE("an export never replaces one of another user") {
  constexpr int most = 250;
  const store::Scratch scratch;
  const auto directory = store::openAt(scratch.data());
  store::Database database(directory, store::small());
  store::Blobs blobs(directory);
  PassingClock clock;
  access::Access access(database, {}, clock);
  const auto exports = makeLocalExports(database, blobs, access, false);
  database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    for (int i = 0; i <= most; ++i) {
      NewUser user;
      user.name = "user" + std::to_string(i);
      rows::insertUser(transaction, user, "", clock.now());
    }
  });
  const auto start = [&](int user) { return exports->start(Operator{}, {"user" + std::to_string(user)}); };
  std::vector<Export> all;
  for (int i = 0; i < most; ++i) all.push_back(start(i));
  clock.pass(20h);
  try {
    start(most);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::tooMany);
    CHECK(error.retryAfter() == 4h);
  }
  for (const Export& one : all) CHECK_NOTHROW(exports->open(Operator{}, {one.userName, one.id}));
  start(0);
  CHECK_NOTHROW(exports->open(Operator{}, {all[1].userName, all[1].id}));
  clock.pass(4h);
  CHECK_NOTHROW(start(most));
}

TEST_CASE("an export that finds the disk full leaves nothing behind") {
  const store::Scratch scratch;
  const auto directory = store::openAt(scratch.data());
  store::StoreOptions options;
  options.freeSpaceFloor = std::uint64_t{1} << 60;
  store::Database database(directory, options);
  store::Blobs blobs(directory);
  access::Access access(database, {}, systemClock());
  const auto exports = makeLocalExports(database, blobs, access, false);
  database.write(store::Purpose::keep, [&](store::Transaction& transaction) {
    NewUser user;
    user.name = "ada";
    return rows::insertUser(transaction, user, "", access.now());
  });
  CHECK(store::faultOf([&] { exports->start(Operator{}, {"ada"}); }) == Fault::diskFull);
  CHECK(std::filesystem::is_empty(scratch.data() / "incoming"));
}
