#include "store_scratch.hpp"

using namespace video;
using namespace video::store;

TEST_CASE("a rehearsal returns what the write would return, and changes nothing", "[store]") {
  const Scratch scratch;
  Database database(openAt(scratch.data()), small());
  database.write(Purpose::grow, [](Transaction& one) { addBlob(one, "before"); });
  const auto work = [&](Transaction& one) {
    addBlob(one, "after");
    Query query = one.query("SELECT count(*) FROM blob_del_rec");
    query.next();
    return query.integer(0);
  };
  const std::uint64_t version = database.version();
  const std::uint64_t commits = database.counters().commits;
  CHECK(database.rehearse(Purpose::grow, work) == 2);
  CHECK(countBlobs(database) == 1);
  CHECK(database.version() == version);
  CHECK(database.counters().commits == commits);
  CHECK(database.write(Purpose::grow, work) == 2);
  CHECK(countBlobs(database) == 2);
  CHECK(faultOf([&] { database.rehearse(Purpose::keep, [](Transaction&) -> int { throw Error(Fault::conflict); }); }) ==
        Fault::conflict);

  StoreOptions full = small();
  full.freeSpaceFloor = 1ULL << 62;
  Database crowded(openAt(scratch.data()), full);
  CHECK(faultOf([&] { crowded.rehearse(Purpose::grow, work); }) == Fault::diskFull);

  // On a full disk a rehearsal fails, and the reserve is kept for real writes.
  Database third(openAt(scratch.data()), small());
  third.write(Purpose::keep, [](Transaction& one) { addBlob(one, "third"); });
  REQUIRE(std::filesystem::exists(scratch.data() / "reserve"));
  const auto tooMuch = [](Transaction& one) {
    one.query("PRAGMA max_page_count = 1").next();
    addBlob(one, std::string(100'000, 'b'));
    return 0;
  };
  CHECK(faultOf([&] { third.rehearse(Purpose::keep, tooMuch); }) == Fault::diskFull);
  CHECK(std::filesystem::exists(scratch.data() / "reserve"));
}
