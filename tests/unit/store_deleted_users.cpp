#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "failing_files.hpp"
#include "store_scratch.hpp"

using namespace video;
using namespace video::store;

namespace {

const Time moment{std::chrono::milliseconds{1'800'000'000'123}};

std::vector<std::int64_t> listed(DataDirectory& directory) {
  std::vector<std::int64_t> users;
  directory.deletedUsers().forEach({}, [&](UserId user, Time time) {
    CHECK(time == moment);
    users.push_back(user.value);
  });
  return users;
}

}  // namespace

TEST_CASE("deleted users are listed in order, each once, and damaged lines are skipped", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  CHECK(listed(*directory).empty());
  for (const std::int64_t user : {7, 70, 7, 8, 70}) directory->deletedUsers().add({user}, moment);
  CHECK(listed(*directory) == std::vector<std::int64_t>{7, 70, 8});
  std::ofstream(scratch.data() / "deleted-users", std::ios::app) << "9\nnine 2027\n\n 10 \n"
                                                                 << "11 2027-01-1";
  directory->deletedUsers().add({11}, moment);
  directory->deletedUsers().add({12}, moment);
  CHECK(listed(*directory) == std::vector<std::int64_t>{7, 70, 8, 11, 12});
}

TEST_CASE("two users who had the same ID, one after an older database was put back, are both listed", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  const Time later = moment + std::chrono::hours{1};
  for (const Time created : {moment, later, moment}) directory->deletedUsers().add({7}, created);
  std::vector<Time> found;
  directory->deletedUsers().forEach({}, [&](UserId user, Time created) {
    CHECK(user.value == 7);
    found.push_back(created);
  });
  CHECK(found == std::vector{moment, later});
}

TEST_CASE("a list of deleted users is read on from a place in it, and whole from a place in another one", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  DeletedUsers& list = directory->deletedUsers();
  const auto readFrom = [&](const DeletedUsers::Place& from) {
    std::vector<std::int64_t> users;
    const auto place = list.forEach(from, [&](UserId user, Time) { users.push_back(user.value); });
    return std::pair(users, place);
  };
  using Users = std::vector<std::int64_t>;
  CHECK(readFrom({}).second == DeletedUsers::Place{});
  CHECK(readFrom({9, 9}).second == DeletedUsers::Place{});
  for (const std::int64_t user : {1, 2, 3}) list.add({user}, moment);
  const auto [users, place] = readFrom({});
  CHECK(users == Users{1, 2, 3});
  CHECK(readFrom(place) == std::pair(Users{}, place));
  list.add({4}, moment);
  const auto next = readFrom(place);
  CHECK(next.first == Users{4});
  const auto append = [&](const std::string& text) {
    std::ofstream(scratch.data() / "deleted-users", std::ios::app) << text;
  };
  append("5 2027-01-1");
  CHECK(readFrom(next.second) == std::pair(Users{}, next.second));
  list.add({6}, moment);
  CHECK(readFrom(next.second).first == Users{6});
  for (const std::string& other : {std::string("7 ") + formatTime(moment) + "\n", std::string(200, 'x') + "\n"}) {
    std::ofstream(scratch.data() / "deleted-users") << other;
    list.add({8}, moment);
    CHECK(readFrom(place).first == readFrom({}).first);
    CHECK(readFrom({1'000'000, 0}).first.back() == 8);
  }
}

TEST_CASE("a list of many deleted users is read whole", "[store]") {
  const Scratch scratch;
  const auto directory = openAt(scratch.data());
  {
    std::ofstream file(scratch.data() / "deleted-users");
    for (int user = 1; user <= 10'000; ++user) file << user << ' ' << formatTime(moment) << '\n';
  }
  const auto users = listed(*directory);
  REQUIRE(users.size() == 10'000);
  CHECK(users.back() == 10'000);
  directory->deletedUsers().add({1}, moment);  // too far back to be found, which does no harm
  CHECK(listed(*directory).size() == 10'001);
}

TEST_CASE("a deleted user is listed, or the caller is told why not", "[store]") {
  const Scratch scratch;
  test::FailingFiles files;
  DataDirectory::create(scratch.data());
  const auto directory = DataDirectory::open(scratch.data(), Hold::shared, "the test", std::chrono::seconds{1}, files);
  std::int64_t user = 0;
  test::failEachCall(files, [&](const test::FailingFiles::Failure& failure, int call) {
    ++user;
    files.failAt(call, failure);
    const auto fault = faultOf([&] { directory->deletedUsers().add({user}, moment); });
    const int failed = files.heal();
    directory->deletedUsers().add({1'000'000 + user}, moment);  // the next one is not lost with it
    const auto users = listed(*directory);
    if (!fault) CHECK(std::count(users.begin(), users.end(), user) == 1);
    CHECK(users.back() == 1'000'000 + user);
    return failed;
  });
}
